"""Words that carry no claim of their own, and words that turn one around."""


def words_of(listed: str) -> frozenset[str]:
    """A set of words written as one string with spaces."""
    return frozenset(listed.split())


FILLERS = words_of("um uh er erm eh ah hm hmm mm mhm oh yeah yep okay ok basically literally")
"""Hesitations that a quote may drop without being wrong."""

NEGATIONS = words_of("not no never none nobody nothing nowhere neither nor without cannot hardly barely")
"""Kept as content words: dropping them would make a claim and its opposite the same."""

STOP_WORDS = words_of(
    """a about above after again all also although am an and another any are as at be became because been before
    being below between both but by came can come could did do does doing done down during each either else etc even
    ever every few for from further get gets getting go goes going gone got had has have having he her here hers
    herself him himself his how however i if in into is it its itself just kind less let lot lots made make makes
    making many may me might more most much must my myself now of off often on once one ones only onto or other
    others our ours ourselves out over own perhaps put quite rather really said same say says she should since so
    some something sort still such take takes taking than that the their theirs them themselves then there these
    they thing things this those though through thus to too towards under until up upon us very via was we well were
    what when where whether which while who whom whose why will with within would yes yet you your yours yourself
    actually like maybe mean gonna wanna gotta
    """
)
"""English words that carry no claim of their own; fillers such as `like` and `actually` included."""

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: words_of(words)
    for language, words in {
        "german": """der die das und ist nicht ich zu den mit ein eine einen sich auf für von dem dass es wir sie auch
            aber wenn mir mich war habe hat wird oder wie man noch schon bei so im am als an aus nach""",
        "french": """le la les des est et je ne pas que qui une un pour dans ce il elle nous vous sur avec mais plus du
            au aux mon ma mes c'est j'ai on sont se son sa ses comme ou par""",
        "spanish": """el la los las de que y en un una por con no se es lo para mi me pero como más su al del le cuando
            muy yo está son ya o si sin""",
        "italian": """il la le gli di che e è un una per con non mi si sono ho ma come più del della nel anche al lo
            ha io questo da quando se""",
        "portuguese": """o a os as de que e em um uma por com não se é para mas como mais eu meu minha do da no na ao
            muito está ou já quando""",
        "dutch": """de het een en is niet ik van dat op te in met voor zijn maar om ook aan er je als bij dan wel
            naar mijn was heb we ze nog""",
        "swedish": "och att det är jag inte en ett som på för med av har men om så vi den till kan när min mitt",
        "danish": "og at det er jeg ikke en et som på for med af har men om så vi den til kan når min mit",
        "norwegian": "og at det er jeg ikke en et som på for med av har men om så vi den til kan når min mitt",
        "finnish": "ja on ei että se en minä mutta kun oli niin olen ole mitä tai jos minun",
        "polish": "i w nie się na jest że do to z jak ale mam mnie po co tak za od dla już mi",
        "turkish": "ve bir bu için çok de da ama ne ben daha gibi kadar var yok değil",
    }.items()
}
"""The commonest words of other languages, by Snowball's name: to recognise a language and to leave out."""

FOREIGN_NEGATIONS = words_of("nicht kein keine nie ne pas jamais no nunca sin non mai não niet geen inte ikke ei")
"""Function words of other languages that are kept, because they turn a statement around."""
