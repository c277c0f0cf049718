"""Patterns of postal addresses in some thirty languages: streets with a number, and lone postcodes.

A street is recognised by the word for it, before its name (*rue*, *calle*, *ulica*), behind it (*Lane*) or inside it
(*-straße*, *-gatan*, *-katu*), or by what people say before it (*my address is*, *ich wohne*, *vivo en*). A number must
stand beside it: the name of a street alone says little about who lives there.
"""

import re

_CAPITALS = "".join(chr(code) for code in range(ord("A"), 0x530) if chr(code).isupper())
"""Latin, Greek and Cyrillic."""
_UPPER = rf"[{_CAPITALS}][\w'’.-]{{0,40}}"
_NUMBER = r"\d{1,5}[A-Za-z]?"
_DOOR = (
    r"(?i:(?:n[.º°]?[º°o]\.?|n°|no:?|nr\.?|núm\.?|numero|číslo|č\.(?: ?p\.)?|д\.|αρ\.) ?)?"
    r"\d{1,4}(?: ?[a-zA-Z]\b)?(?:[-/]\d{1,4}[a-z]?){0,3}(?![\d-])"
)
"""The number of a house, with the word for *number*."""
_FLOOR = (
    r"(?i:piso|planta|puerta|pta\.|portal|apt\.?|dpto\.?|depto\.?|dto\.?|interior|int\.?|esc\.?|local|bajo|izq\.?"
    r"|dcha\.?|appartamento|scala|interno|piano|apartado|andar|apto\.?|casa|bloco|bus|boîte|bte|app\.?|lok\.?|m\.|byt"
    r"|bl\.|ap\.|sc\.|et\.|кв\.|к\.|корп\.|стр\.|kat:?|daire:?|d:|em\.|emelet|ajtó|lejl\.|as\.|top|stiege|stg\.|tür|lgh"
    r"|leilighet|tv\.?|th\.?|st\.)(?:[ .:]{0,2}\d{1,5}[a-z]?(?:/\d{1,4})?|[ .:]{1,2}[A-Z]\b)?"
)
"""A flat or floor, with the word for it."""
_INSIDE = rf"(?:,? (?:- )?{_FLOOR}|,? \d{{1,2}}[º°.]?(?: ?[A-Z]\b)?(?![\w-]))"
"""A flat or floor behind the number."""
_POSTCODE = (
    r"(?:(?:[A-Z]{1,2}-|ΤΚ |T\.?K\.? |CP |C\.P\. )?"
    r"(?:\d{5}-\d{3}|\d{4}-\d{3}|\d{2}-\d{3}|\d{3} \d{2}|\d{4} ?[A-Z]{2}|[A-Z]\d{4}[A-Z]{3}|\d{4,8}))"
)
_TAIL = rf"{_INSIDE}{{0,3}}(?:,? {_POSTCODE}\b(?:,? {_UPPER}){{0,3}})?"
"""Pattern for the rest of an address after street and number."""

_NO_HOUSE = (
    r"(?!\d* (?:years?|months?|days?|weeks?|hours?|minutes?|times|people|users|steps|stunden|tage|personen|leute"
    r"|jahren?|monaten?|minuten|ans|mois|años|meses|minutos|anni|mesi|jaar|lat|lata|anos|år|vuotta|let|roky|ani|évig?"
    r"|yıl|лет|χρόνια|uhr|km)\b)(?!(?:19|20)\d\d\b)"
)
"""Negative lookahead for words after a number that is not a house number: units, durations, years."""
_PARTICLES = r"(?:(?:d[aeiou]s?|del|dell[aeo]|degli|dei|la|le|les|los|las|der|den|von|van|y|e|i|na) |(?:l|d|dell)['’])"

_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Close|Court|Ct|Place|Square|Sq|Terrace|Way|Crescent|Gardens|Grove|"
    r"Boulevard|Blvd|Row|Hill|Mews|Wynd|Parade|Highway|Quay|Walk)"
)
_UK_CODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}"
_US_CODE = r"[A-Z]{2} \d{5}(?:-\d{4})?"
_IRISH_CODE = r"[AC-FHKNPRTV-Y]\d[\dW] (?=[A-Z]*\d)(?=\d*[A-Z])[\dAC-FHKNPRTV-Y]{4}"
_FLAT = r"(?:(?:Flat|Apt\.?|Apartment|Unit|Suite) \w{1,5},? )?"
_NO_STREET_NAME = (
    r"(?!(?:miles?|minutes?|hours?|days?|lane|car|of|the|down|up|in|on|a|to|my|our|percent|metres?|meters?|km|busy"
    r"|quiet)\b)"
)
_NUMBER_FIRST = (
    rf"{_NUMBER},? (?:{_UPPER} ){{1,4}}{_STREET}\b"
    rf"(?:,? (?:{_UPPER},? ){{0,3}}(?:{_UK_CODE}|{_US_CODE}|\d{{5}} {_UPPER})\b)?"
    r"(?:,? (?:Flat|Apt\.?|Apartment|Unit|Suite|#) ?\w{1,5}\b)?",
    rf"{_NUMBER} The {_STREET}\b",
    rf"\d{{1,5}} (?!\w+ (?:of|to|a|the)\b)(?:{_NO_STREET_NAME}[a-z\d]{{1,40}} ){{1,3}}"
    r"(?:street|road|avenue|lane|terrace|crescent|boulevard)\b",
    # 12 bis, rue de la Gare
    rf"{_NUMBER}(?: bis| ter)?,? (?i:rue|avenue|boulevard|place|chemin|allée|impasse|quai|route|cours|passage|ruelle) "
    rf"{_PARTICLES}{{0,3}}{_UPPER}(?:[ -]{_UPPER}){{0,3}}(?:,? {_POSTCODE}\b(?:,? {_UPPER}){{0,3}})?",
)
_ANY_NAME = rf"{_UPPER}(?: {_PARTICLES}{{0,2}}{_UPPER}){{0,2}}"
_WITHOUT_WORD = (
    # Nothing says that it is a street, but a long postcode and a place follow the number, or a floor and a flat.
    rf"{_ANY_NAME},? {_DOOR}, (?:\d{{5}}|\d{{3}} \d{{2}}|\d{{2}}-\d{{3}}|\d{{4}}-\d{{3}}) "
    rf"{_UPPER}(?: {_UPPER}){{0,2}}",
    rf"{_ANY_NAME},? {_DOOR}(?:,? (?:-,? )?(?i:piso|planta|puerta|dpto|depto|dto|apto|appartamento|interno|andar"
    rf"|boîte|bte|lok|kat|daire|stiege|lgh)[.:]? ?\d{{1,4}}[a-z]?\b){{1,3}}(?:,? {_POSTCODE}\b(?:,? {_UPPER}){{0,3}})?",
)
_CODES = (r"P\.? ?O\.? Box \d{1,6}", _US_CODE, _UK_CODE, _IRISH_CODE)

_NO_STREET = (
    r"(?!(?:(?:Park|Arbeits|Sitz|Steh|Stell|Start|Spiel|Sport|Tabellen|Bau|Camping|Studien|Schlaf)platz|Bahnhof|Friedhof"
    r"|Bauernhof|Schulhof|Innenhof|Umweg|Heimweg|Rückweg|Hinweg|Supermarkt|Baumarkt|Flohmarkt|Arbeitsmarkt|Boxring) )"
)
_ENDINGS = (
    # German and Dutch
    r"straße|strasse|str\.|gasse|gässli|allee|platz|weg|ring|ufer|damm|steig|hof|markt|straat|laan|plein|gracht|kade|dijk"
    r"|singel|pad|baan|dreef|steeg|hoeve|boulevard"
    # Swedish, Danish, Norwegian
    r"|gatan|vägen|gränd|stigen|stig|torget|plan|backen|leden|gade|vej|vejen|allé|stræde|torv|vænget|parken|gata|gate"
    r"|veien|vegen|vei|veg|løkka|bakken|svingen|tunet|stien|jordet|lia|haugen|åsen|gårdsvej|väg|väge"
    # Finnish and Hungarian
    r"|katu|tie|kuja|polku|ranta|rinne|aukio|raitti|kaari"
)
_INSIDE_NAME = (
    rf"{_NO_STREET}(?:{_UPPER}[ -]){{0,3}}[{_CAPITALS}][\w'’-]{{0,40}}(?:{_ENDINGS}),? {_DOOR}{_TAIL}",
    rf"(?:{_UPPER}[ -]){{1,3}}(?:Straße|Strasse|Str\.|Gasse|Allee|Platz|Weg|Ring|Ufer|Damm|utca|út|útja|tér|tere"
    rf"|körút|köz|sor|sétány|fasor|Sokak|Sokağı|Sok\.|Cadde|Caddesi|Cad\.|Bulvarı|Bulvar|Mahallesi|ulice|náměstí|nám\.|třída"
    rf"|nábřeží|улица|проспект|переулок|шоссе|[Ss]treet|[Rr]oad|[Aa]venue),? {_DOOR}(?! times)\.?{_TAIL}",
)

_WORDS_BEFORE = (
    r"(?:(?-i:Via|Vale|Campo|Place|Square|Route|Cours|Passage)|rue|avenue|av\.?|boulevard|bd\.?|blvd\.?|pl\.?"
    r"|chemin|ch\.|allée|impasse|quai|rte|ruelle|sentier|calle|c/|avenida|avda\.?|plaza|pza\.?|paseo|callejón"
    r"|pasaje|pasadizo|acceso|camino|carretera|ctra\.?|ronda|glorieta|travesía|cañada|diagonal|circunvalación"
    r"|eje vial|privada|calzada|prolongación|cerrada|andador|corredor|bulevar|cuesta|rambla|vial|peatonal"
    r"|periférico|viaducto|retorno|continuación|urbanización|urb\.|polígono|colonia|viale|piazza|piazzale|corso"
    r"|borgo|contrada|strada|vicolo|largo|stretto|rotonda|canale|incrocio|lungomare|rua|r\.|travessa|tv\.|praça"
    r"|pç\.|alameda|estrada|rodovia|quinta|beco|ladeira|lg\.|loteamento|morro|viela|praia|jardim|parque|conjunto"
    r"|estação|favela|fazenda|núcleo|recanto|residencial|sítio|trecho|trevo|vereda|vila|setor|chácara|colônia"
    r"|condomínio|esplanada|passarela|pátio|ul\.|ulica|al\.|aleja|aleje|plac|os\.|osiedle|rondo|aleea|bulevardul"
    r"|b-dul|șoseaua|soseaua|intrarea|calea|piața|str\.|fundătura|drumul|ulice|náměstí|nám\.|třída|ул\.|улица"
    r"|пр\.|просп\.|проспект|бул\.|бульвар|пер\.|переулок|ш\.|шоссе|наб\.|набережная|пл\.|алл\.|аллея|λεωφόρος"
    r"|λεωφ\.|οδός|πλατεία|πάροδος|carrer|avinguda|passeig|plaça|jalan|jl\.)"
)
_WORD_FIRST = (
    rf"(?i:{_WORDS_BEFORE}) ?{_PARTICLES}{{0,3}}(?:{_UPPER}|\d{{1,2}} (?:de |di )?[\w'’]{{1,40}})"
    rf"(?:[ -](?:{_PARTICLES}{{0,2}}{_UPPER}|[a-z]{{1,3}}(?= {_UPPER}))){{0,4}},? "
    rf"(?:{_PARTICLES})?{_NO_HOUSE}{_DOOR}{_TAIL}",
    rf"(?i:{_WORDS_BEFORE}) ?{_PARTICLES}{{0,3}}{_UPPER}(?: {_PARTICLES}{{0,2}}{_UPPER}){{0,4}}, {_POSTCODE}\b"
    rf"(?:,? {_UPPER}){{0,3}}",
)

_LIVES = (
    r"(?:wohne|wohnen|lebe|daheim|habite|habitons|vivo|vivimos|queda|abito|abitiamo|woon|wonen|mieszkam|mieszkamy"
    r"|moro|moramos|resido|bor|asun|bydlím|bývám|locuiesc|stau|lakom|oturuyorum|живу|живём|μένω|ζω)"
)
_ADDRESS_WORD = (
    r"(?:address|adresse|anschrift|dirección|domicilio|indirizzo|adres|adresim|endereço|morada|adress|osoitte\w{2,4}"
    r"|osoite|adresa|adrese|címem|cím|lakcímem|адрес|διεύθυνσ\w{1,2})"
)
_IS = r"(?: (?:is|ist|est|es|è|to|é|är|er|on|je|este)\b|:|=)?:? "
_SAID = (
    rf"\b(?i:{_LIVES}) (?:[^\W\d_]{{1,5}} ){{0,3}}(?P<it>(?:{_UPPER}[ -]){{1,4}}(?:[a-zà-ÿ]{{1,9}} )?"
    rf"{_NO_HOUSE}{_DOOR}{_TAIL})",
    rf"\b(?i:{_ADDRESS_WORD}){_IS}(?P<it>(?:\d{{1,5}},? )?(?:[^\W\d_][\w'’./-]{{0,40}},? ){{1,5}}"
    rf"{_NO_HOUSE}{_DOOR}{_TAIL}|\d{{1,5}}(?:-\d{{1,4}}){{0,2}},? {_UPPER}(?: {_UPPER}){{0,3}})",
    # No spaces between words: the address up to the last number, or with the street behind it.
    r"(?:住所|地址|주소)(?:は|是|는|은|:| )? ?(?P<it>[\w -]{0,40}\d(?:[\w-]{0,20}\d)?(?: [\w ]{1,20}[A-Za-z])?)",
)

_STREETS = (
    rf"\b(?P<it>{_FLAT}(?=\d)(?:{'|'.join(_NUMBER_FIRST)})"
    rf"|(?=[^\W\d_])(?:{'|'.join((*_CODES, *_INSIDE_NAME, *_WORD_FIRST))}))(?!\w)"
)  # the two lookaheads spare most places most of the branches
PATTERNS = tuple(map(re.compile, (_STREETS, *_SAID, rf"\b(?P<it>{'|'.join(_WITHOUT_WORD)})(?!\w)")))
"""Addresses in the group `it`, the surest shapes first."""
