"""Words that mark questions about age, gender, work, place and experience, in many languages.

And the words of keys that belong to an export rather than to a person. Keys are in the form that
`fact_keys.plain_key` gives: lower case, plain words. Extend them here.
"""

# ruff: noqa: E501 - lists of words


def _words(text: str) -> frozenset[str]:
    return frozenset(" ".join(part.split()) for part in text.split(",") if part.strip())


_FACTS = {
    "age": """age, ages, age range, age group, age band, age bracket, age category, age class, agerange, agegroup, age years old, how old, how old now, alter,
        alter in jahren, altersgruppe, altersklasse, wie alt sind sie, wie alt bist du, ihr alter, âge, age ans, tranche d âge, quel âge avez vous,
        quel est votre âge, quel âge as tu, votre âge, edad, grupo de edad, rango de edad, cuántos años tiene, cuántos años tienes, cuál es su edad,
        cuál es tu edad, idade, faixa etária, qual a sua idade, qual é a sua idade, quantos anos você tem, quantos anos tem, età, fascia d età,
        quanti anni ha, quanti anni hai, leeftijd, hoe oud bent u, hoe oud ben je, leeftijdsgroep, ålder, hur gammal är du, alder, hvor gammel er du, ikä,
        wiek, ile ma pan lat, ile masz lat, věk, vek, kor, életkor, vârstă, vârsta, ηλικία, yaş, yaşınız, yaş grubu, kaç yaşındasınız, возраст, ваш возраст,
        сколько вам лет, вік, возрастная группа, العمر, عمر, سن, גיל, आयु, उम्र, 年齢, 年代, 年齢層, 年龄, 年齡, 年龄段, 나이, 연령, 연령대, tuổi, độ tuổi, usia, umur,
        อายุ, umri""",
    "gender": """gender, sex, gender identity, what gender identify as, gender identify as, which gender, how identify gender, genre, sexe, geschlecht,
        ihr geschlecht, género, genero, sexo, gênero, genere, sesso, geslacht, kön, kjønn, køn, sukupuoli, płeć, pohlaví, pohlavie, nem, gen, φύλο, cinsiyet,
        cinsiyetiniz, пол, ваш пол, стать, الجنس, جنس, מין, מגדר, लिंग, 性別, 性别, 성별, giới tính, jenis kelamin, เพศ, jinsia""",
    "occupation": """occupation, role, job, job title, job role, profession, job description, work role, professional role, employment, line work, title at work,
        beruf, tätigkeit, jobtitel, welchen beruf üben sie aus, métier, emploi, poste, activité professionnelle, ocupación, ocupacion, profesión, profesion,
        puesto, cargo, ocupação, profissão, professione, occupazione, lavoro, beroep, functie, yrke, erhverv, stilling, ammatti, zawód, povolání, povolanie,
        foglalkozás, ocupație, ocupatie, profesie, επάγγελμα, meslek, mesleğiniz, профессия, род занятий, должность, професія, المهنة, الوظيفة, מקצוע, व्यवसाय,
        पेशा, 職業, 职业, 職種, 직업, nghề nghiệp, pekerjaan, อาชีพ, kazi, for living, do for living""",
    "location": """location, town, city, place residence, residence, based in, lives in, home town, hometown, where live, where based, city residence,
        town residence, wohnort, ort, stadt, wo wohnen sie, ville, lieu de résidence, où habitez vous, ciudad, lugar de residencia, dónde vive, dónde vives,
        cidade, onde mora, città, residenza, dove vive, woonplaats, stad, bostadsort, kaupunki, miasto, miejscowość, město, mesto, lakóhely, város, oraș, πόλη,
        şehir, yaşadığınız şehir, город, место жительства, місто, المدينة, עיר, शहर, 居住地, 城市, 都市, 거주지, 도시, thành phố, kota, จังหวัด, mji""",
    "country": """country, country residence, country origin, nation, which country, in which country, what country, which country live in,
        in which country live, land, pays, pays de résidence, país, pais, país de residencia, paese, kraj, země, krajina, ország, țara, tara, χώρα, ülke,
        страна, країна, البلد, الدولة, מדינה, देश, 国, 国家, 國家, 국가, 나라, quốc gia, negara, ประเทศ, nchi""",
    "experience": """experience, years experience, experience years, year experience, work experience, experience level, level experience, seniority,
        how many years experience, how many experience, berufserfahrung, erfahrung, jahre berufserfahrung, expérience, années d expérience, experiencia,
        años de experiencia, experiência, anos de experiência, esperienza, anni di esperienza, ervaring, jaren ervaring, erfarenhet, erfaring, kokemus,
        doświadczenie, praxe, tapasztalat, experiență, εμπειρία, deneyim, опыт, опыт работы, стаж, стаж работы, досвід, الخبرة, ניסיון, अनुभव, 経験年数, 経験,
        经验, 工作经验, 경력, 경험, kinh nghiệm, pengalaman, ประสบการณ์""",
}  # fmt: skip

FACT_OF = {word: fact for fact, words in _FACTS.items() for word in _words(words)}
"""The name under which a fact is kept, by the words that ask for it."""

FILLER = _words("""user, participant, respondent, customer, client, person, reviewer, interviewee, member, employee, demo, demographic, demographics,
    profile, your, my, their, his, her, what, is, are, you, do, does, did, the, a, an, please, state, select, indicate, enter, choose, current, currently,
    self, reported, s, optional, required, of, question, basic, have""")  # fmt: skip
"""Words around the one that says what a question asks for."""

TECHNICAL_LAST = _words("""id, ids, uuid, guid, uid, ip, timestamp, datetime, url, uri, link, latitude, longitude, lat, lon, lng, altitude, accuracy,
    precision, token, hash, email, phone, date, at, millis, seed, index, gps, signature, checksum, referrer, referer, utc""")  # fmt: skip
"""Last words of keys that belong to the export."""

TECHNICAL = _words("""consent, gps, ipaddress, ipaddr, geopoint, geolocation, coordinates, uuid, deviceid, instanceid, latitude, longitude, timestamp,
    sentiment, einwilligung, consentement, consentimiento, imei, recaptcha, captcha, utm""")  # fmt: skip
"""Words that no key of a fact holds."""

OF_THE_EXPORT = _words("""seed, lastpage, last page, startlanguage, start language, submitdate, date submitted, datestamp, date last action, startdate,
    date started, ipaddr, refurl, referrer url, token, today, deviceid, simserial, subscriberid, phonenumber, audit, instance id, instanceid, uuid,
    parent index, submission time, validation status, submitted by, last modified, user agent, browser, collector, date created, date modified, time taken,
    total time, interview time, question time, http, https, www, confidence, sentiment, participant role, order id, order number, avatar, thumbs up count,
    upvotes, downvotes, replied at, issue key, issue id, issue type, creator, reporter, updated by, resolved, resolution date, sprint, labels,
    components, fix version s, affects version s, creation date, document group, document name, code, codes, color, colour, beginning, weight score,
    modified, modified by, area, coverage, reference, references, coded by, quotation id, quotation name, resource creator, resource date, excerpt creator,
    memo, memos, thread id, post id, parent id, permalink, message ts, turn, turn id, turn number, utterance id, segment id, word count, words, chars,
    characters, completed, completion status, complete, valid, weight, jobname, account id, job status, language code, winning number, response status""")  # fmt: skip
"""Whole keys of the same kind: of survey tools, help desks, coding tools, speech recognition."""
