"""English words with which anything can be retold: a claim may use them although the study did not.

Reporting verbs, plans, degrees and vague nouns. Whether a study contains "explains" or "various" says nothing about
whether the claim is true, so these words weigh less than the others.
"""

from pipeline.lexicon import words_of
from pipeline.text.tokens import stem

GENERIC = frozenset(
    map(
        stem,
        words_of(
            """
    accord achieve across act active actual add addition address affect agree aim allow already alternative
    always announce annoyed answer apart appear apply appreciate approach appropriate area arise around arrange
    ask aspect aspire assist associate assure attempt attend attention available average aware away back bad
    base basic become begin behavior behaviour belief believe benefit best better big both break brief bring
    broad build busy call capable care carefully carry case cause certain challenge change check choice choose
    claim clear close collect combine comment common communicate complete complex compose comprise concern
    conclude conduct confirm connect consequence consider consist constant contact contain context continue
    contribute control conversation converse convey correct cover create currently customer day deal decide
    decision define deliver demand depend describe design desire despite detail determine develop difference
    different difficult directly discover discuss display driven due effect effective effort elaborate eliminate
    emphasize enable encounter encourage end engage enjoy enough ensure entire especially essential establish
    estimate evaluate eventually everyone evident exact examine example excellent except exchange exist expect
    experience explain explore express extend extra face fact fail fairly familiar favor favour feature feel few
    final find fine first focus follow force form former forward free frequent friendly frustrated frustration
    full fun function further future gain general generally generate give goal good great group grow guarantee
    hand handle happen help highlight hold hope huge idea identify immediate impact important improve include
    increase indicate individual inform initial inquire inquiry intend interest introduce invite involve issue
    item job join keen keep key kind know lack large last late later lead learn leave left less let level likely
    limit line list listen live local long look lose lot main maintain major make manage matter maybe meet
    member mention minor miss moment month motivated move must name nature near necessary need new next nice
    normal note notice number obtain obvious occasion occur offer often old open opinion opportunity option
    order organize outcome outline overall own part particular party pass pay people perfect perform person
    personal persons place plan play please plenty point popular position positive possible potential prefer
    preference present pretty prevent previous primary prior prioritize priority problem process produce product
    promise promote propose prospective provide purchase purpose pursue question quick range reach ready real
    realize reason receive recent recognize recommend reduce refer regard regular regularly relevant rely remain
    remark remember remind remove reply report represent request require respond response rest result return
    reveal right role run same satisfy save scene seek seem select sense serve service set several share short
    show significant similar simple simply situation small solution solve sometimes speak special specific spend
    stand start state stay step stick still stop strong struggle subject subsequent succeed suggest suitable
    support sure surprise take talk task tell tend term thank think thought thus time today together tool top
    topic total toward tried true trust try turn type typical typically understand unique unsure use user usual
    usually utilize value variety various view visit wait want way week well whole wide willing wish wonder word
    work world worried worry worth write year
    """
        ),
    )
)
