"""Words that mark columns, keys, speakers and occupations. Extend them here.

Keys are in the form that `facts.plain_key` gives: lower case, plain words.
"""

# ruff: noqa: E501 - lists of words


def _list(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(","))


# --- columns and keys, in order of preference ------------------------------------------------------

PERSON_ID = _list("""participant id, participantid, participant, participant code, participant number,
    message author id, author id,
    respondent id, respondent, pid, user id, userid, customer id, customer, client id, client, interviewee
    id, interviewee, member id, person id, requester, requester name, submitter,
    person, subject id, user, author, caller""")
"""Columns that identify the author of the words in a row."""
WEAK_PERSON_ID = _list("""email, email address, e mail, e mail address,
    response id, submission id, id, name, full name, participant name, respondent
    name, customer name""")
"""The same, where nothing better is there."""
SPEAKER = _list("""speaker, speaker name, speaker label, message author type, author type, sender type,
    role, sender, who, from, name, author""")
"""Columns of speakers. `role`, `from` and the like may mean something else, so their values are looked at."""
QUESTION = _list("question, prompt, question text, item, q")
ANSWER = _list("""answer, response, reply, text, message, comment, comments, feedback, verbatim, body,
    content, utterance, quote, review, review text, review body, review content, message body, entry,
    diary entry, highlight,
    description, open answer, answer text, response text, transcript,
    said, a""")
NOT_AN_ANSWER = frozenset(_list("tags, tag, labels, themes, codes, highlight tags"))
"""Columns of words that are not an answer of a participant."""
ANSWERED_BY = frozenset(
    _list("""moderator, interviewer, researcher, facilitator, observer, analyst, agent, assignee, developer, company,
    owner, vendor, staff, admin, support, internal, merchant, seller, business, operator, official, bot, assistant""")
)
ANSWERED_WITH = frozenset(
    _list("reply, replies, response, responses, answer, note, notes, comment, comments, observation, observations")
)
"""Words of columns that, after one of the above, hold what others say: `Moderator notes`, `Developer Reply Text`."""
ANSWER_KIND = {"entry": "diary", "diary entry": "diary", "highlight": "highlights"}
"""Kind of a table, by the name of its answer column."""
RATING = _list("rating, star rating, stars, review stars, review rating, im rating")
"""Columns by which a list of texts is seen to be reviews."""
SUBJECT = _list("subject, title, review title, summary, headline")
GROUP = _list("interview id, interview, session id, session, conversation id, conversation, document, file")
"""Which conversation a turn belongs to."""
TURN_LIST = frozenset(
    _list("discussion, transcript, turns, conversation, dialogue, dialog, utterances, segments, exchanges, qa")
)
"""Keys of lists of turns."""
MAYBE_TURN_LIST = frozenset(
    _list("thread, history, log, exchange, events, messages, responses, answers, chat, entries, items, questions")
)
"""Keys of lists that hold turns only when their items name a speaker or a question, or a person is known."""
ABOUT_PERSON = frozenset(
    _list("""demographics, profile, author, participant, respondent, interviewee, person, customer, user, metadata,
    meta, info, attributes""")
)
"""Keys of objects that state facts about a person."""
BLANK = frozenset(("", *_list("-, –, —, ., n/a, na, none, null, nan, no answer, no comment")))
"""Answers that say nothing."""

# --- facts -----------------------------------------------------------------------------------------

CANONICAL_FACT = {
    **dict.fromkeys(_list("age, age years, years old, your age, what is your age, how old are you"), "age"),
    **dict.fromkeys(_list("occupation, role, job, job title, job role, profession"), "occupation"),
    **dict.fromkeys(_list("what is your occupation, what is your job, what do you do for a living"), "occupation"),
    **dict.fromkeys(_list("location, town, city, place of residence, residence, based in, lives in"), "location"),
    **dict.fromkeys(_list("home town, hometown, where do you live, where are you based"), "location"),
}
NAME_KEY = frozenset(
    _list("""name, full name, first name, participant name, respondent name, customer name, interviewee name,
    message author name, author name, reviewer nickname, nickname, user name, username, display name, your name,
    what is your name, what s your name, what is your first name, what s your first name""")
)
LABEL_KEY = frozenset(
    f"{noun}{tail}"
    for noun in _list("participant, respondent, interviewee, subject, person, customer, user")
    for tail in ("", " id", " no", " nr", " number", " code")
) | {"pid", "id"}
INTERVIEWER_KEY = frozenset(_list("interviewer, moderator, researcher, facilitator, interviewed by, host"))
NOT_A_FACT = frozenset(
    _list("""date, time, start, end, duration, length, where, when, place, place of interview, setting,
    project, study, product, topic, subject, title, session, session id, session date, file, filename,
    recording, recorded, recorded by, recorded at, transcript, transcriber, transcribed, transcribed by,
    consent, method, format, channel, status, opened, closed, created, created at, updated, updated at,
    submitted, submitted at, timestamp, start time, end time, interview, interview id, interview date,
    conversation id, ticket, ticket id, ticket number, response id, submission id, row, index, url, link,
    source, version, priority, assignee, tag, tags, email, e mail, email address, e mail address, phone,
    telephone, mobile, phone number, contact, address, postcode, zip, ip, ip address, note, notes, language,
    start date, end date, start date utc, stage date utc, submit date utc, recorded date, created date, created by,
    response type, progress, duration in seconds, finished, recipient email, recipient first name,
    recipient last name, external reference, external data reference, location latitude, location longitude,
    distribution channel, user language, ipaddress, collector id, custom data, last name, network id, ending,
    message id, message type, message created at, message author type, message author email, conversation state,
    conversation tags, conversation created at, app id, app name, part type, state, package name,
    app version code, reviewer language, review submit date and time, review submit millis since epoch,
    review last update date and time, review last update millis since epoch, developer reply date and time,
    developer reply millis since epoch, developer reply text, review link, review title, highlight id, note id,
    note title, highlight created at, type, no, nr, number, s no, serial number, row number,
    review id, review created utc, requester email, requester id""")
)
"""Keys about the recording, the file or contact details, not about the person."""
GENDER_WORDS = frozenset(
    _list(
        "female, male, woman, man, non-binary, nonbinary, f, m, she/her, he/him, they/them, weiblich, männlich, femme,"
        " homme, mujer, hombre, mulher, homem, donna, uomo, vrouw, kobieta, mężczyzna, женщина, мужчина, 女性, 男性, 女, 男"
    )
)
"""Words for a gender in parentheses behind a label."""
OCCUPATION = _list("""accountant, actor, actress, administrator, advisor, adviser, analyst, architect,
    artist, assistant, baker, banker, barber, barista, bartender, bookkeeper, builder, buyer, caretaker,
    carer, carpenter, cashier, chef, chemist, childminder, cleaner, clerk, consultant, controller, cook,
    coordinator, councillor, courier, dentist, designer, developer, director, doctor, driver, economist,
    editor, electrician, engineer, executive, farmer, firefighter, fisherman, fitter, florist, foreman,
    gardener, geologist, gp, hairdresser, handyman, headteacher, housekeeper, inspector, instructor,
    interpreter, janitor, joiner, journalist, judge, labourer, lawyer, lecturer, librarian, lifeguard,
    locksmith, machinist, manager, mechanic, midwife, miner, musician, nanny, nurse, optician,
    paediatrician, painter, paralegal, paramedic, pharmacist, photographer, physicist, physiotherapist,
    pilot, plasterer, plumber, policeman, politician, porter, postman, producer, professor, programmer,
    psychologist, radiographer, receptionist, recruiter, reporter, researcher, salesman, salesperson,
    scientist, seamstress, secretary, solicitor, statistician, student, surgeon, surveyor, tailor, teacher,
    technician, therapist, translator, tutor, undertaker, vet, veterinarian, vicar, waiter, waitress,
    welder, writer""")
"""Last words of the occupations that are accepted in a sentence "I'm a ..."."""

# --- speakers --------------------------------------------------------------------------------------

NAME_PARTICLE = frozenset(_list("de, der, den, van, von, da, di, du, la, le, el, al, bin, ibn, y, ter, ten, dos, das"))
COMMON_NAME = frozenset(
    _list("""amber, angel, april, art, august, autumn, baker, banks, basil, bell, best, bill, black,
    brook, brooks, brown, bush, carol, cash, chase, chip, christian, church, cliff, cold, cook, crystal,
    daisy, dale, dawn, day, dean, drew, english, eve, faith, field, fields, ford, forest, frank, french,
    frost, gene, german, glen, good, grace, grant, gray, green, grey, guy, hazel, heather, hill, holly,
    home, hope, house, hunter, iris, irish, ivy, jack, jade, joy, june, king, lane, lily, little, long,
    love, mark, max, may, miles, olive, page, park, parks, pat, pearl, penny, pierce, pope, power, price,
    ray, rich, rivers, rob, rose, ruby, sharp, short, sky, small, smart, snow, star, stone, street, strong,
    sue, summer, summers, sunny, violet, wade, waters, welsh, west, white, will, winter, wise, wood, woods,
    young""")
)
"""Names that are ordinary words too: in running text they count as names only where the capital letter says so."""
NOT_A_SPEAKER = frozenset(
    _list("""note, notes, nb, date, time, times, duration, location, place, where, when, age, name, role,
    job, occupation, profession, town, city, gender, household, income, participant, participants,
    respondent, setting, project, study, product, topic, subject, summary, context, transcript,
    transcription, recording, recorded, background, introduction, intro, agenda, goal, goals, pain, pains,
    quote, quotes, insight, insights, theme, themes, finding, findings, observation, observations, action,
    actions, todo, example, examples, warning, tip, pros, cons, pro, con, problem, problems, solution,
    conclusion, source, link, url, http, https, version, title, author, category, tag, tags, status, device,
    platform, email, e-mail, phone, language, session, method, also, first, second, third, finally, but, so,
    and, because, however, then, result, key, takeaway, takeaways, step, priority""")
)
"""Words before a colon that introduce something other than speech."""
