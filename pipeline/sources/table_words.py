"""Names of columns beyond those of `vocabulary`: other languages, company replies, coded passages, times.

Keys are in the form that `fact_keys.plain_key` gives. Extend them here.
"""

# ruff: noqa: E501 - lists of words


def _list(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(",") if part.strip())


MORE_PERSON_ID = _list("""teilnehmer, teilnehmerin, teilnehmer id, proband, befragter, befragte, participante, participant e, répondant, encuestado,
    entrevistado, intervistato, partecipante, deelnemer, uczestnik, респондент, участник, katılımcı, 参加者, 受访者, 被访者, 受訪者, 응답자, 참가자,
    interviewee code, reporter, respondent code, pseudonym""")  # fmt: skip
MORE_WEAK_PERSON_ID = _list(
    """番号, 編号, 编号, 번호, nummer, nº, número, numéro, номер, username, userid, nickname, display name"""
)
MORE_SPEAKER = _list("""participant role, speaker role, sprecher, sprecherin, locuteur, intervenant, hablante, orador, falante, parlante, spreker, спикер,
    говорящий, konuşmacı, 話者, 发言人, 說話者, 화자""")  # fmt: skip
MORE_QUESTION = _list("frage, pregunta, pergunta, domanda, vraag, fråga, вопрос, soru, 質問, 问题, 問題, 질문")
MORE_ANSWER = _list("""post, original post, opening post, first post, selftext, words, speech, antwort, kommentar, aussage, réponse, commentaire, respuesta,
    comentario, opinión, resposta, comentário, risposta, commento, antwoord, opmerking, svar, vastaus, odpowiedź, komentarz, ответ, комментарий, отзыв,
    cevap, yorum, 回答, コメント, 意見, 感想, 评论, 意见, 评价, 답변, 의견, 댓글, إجابة, تعليق""")  # fmt: skip
MORE_GROUP = _list("""transcript id, transcript name, transcript, interview number, interview no, interview name, session name, session number, document id,
    document name, doc, focus group, group id, recording, recording id, call, call id, meeting, meeting id, chat id, thread id, file name, filename, gespräch,
    sitzung, entretien, entrevista, sesión, intervista, интервью, 面接, 访谈, 인터뷰""")  # fmt: skip

STAFF_COLUMN = frozenset(_list("""latest comment, last comment, public comment, agent comment, resolution, resolution notes, reply content, reply text,
    our reply, our response, response from owner, response from the owner, internal note, internal notes, internal comment, work notes, closing comment,
    solution, action taken, antwort des unternehmens, réponse de l entreprise, respuesta de la empresa, resposta da empresa"""))  # fmt: skip
"""Columns in which a company writes, whatever else the table holds."""
MAYBE_STAFF_COLUMN = frozenset(
    _list("response, reply, answer, responses, replies, response text, reply message, antwort, réponse, respuesta")
)
"""The same where words of customers stand beside it, as in tickets and reviews."""
COMPANY_REPLY = frozenset(_list("response, reply, developer response, store response, seller response, owner response"))
"""Keys of an object that a company wrote below a customer's words."""
CUSTOMER_WORDS = frozenset(_list("""description, message, request, complaint, issue, problem, inquiry, enquiry, ticket text, review, review text, review body,
    review content, feedback, customer message, user message, customer comment, body, content, post"""))  # fmt: skip
TICKET_KEY = frozenset(_list("""ticket, ticket id, ticket number, case id, case number, assignee, agent, agent id, priority, status, subject, rating, stars, score,
    star rating, review id, order id, channel, resolved at, opened, closed, severity"""))  # fmt: skip
"""Columns by which a table is seen to hold tickets or reviews."""

CODED_DOCUMENT = _list("""document name, document title, document, documents, doc, resource titles, resource title, resource, media title, source name,
    files source, source, file name, filename, file, files, internals, transcript, transcript name, dokument, dokumentname, nombre de documento,
    nom du document, documento, participant document, primary document""")  # fmt: skip
"""Which document a coded passage stands in: whose words it holds."""
CODED_TEXT = _list("""segment, coded segment, coded segments, quotation content, quotation text, quotation, coded text, excerpt copy paste, excerpt, excerpts,
    excerpt text, selected text, passage, reference text, content, highlight content, highlight, quote, text, codierung, segmento, textstelle""")  # fmt: skip
CODE = _list(
    """codes applied combined, codes applied, code name, code path, code, codes, tags, tag, node, nodes, theme, kode, código, códigos, label, name"""
)
"""Under which codes a passage was put."""

TIME_START = frozenset(
    _list("start, start time, begin, from, start s, start ms, start sec, begin time, startzeit, start timestamp, in")
)
TIME_END = frozenset(_list("end, end time, to, end s, end ms, end sec, stop, endzeit, end timestamp, out"))

ROSTER = frozenset(
    _list(
        "participants, speakers, attendees, respondents, interviewees, people, members, panel, panelists, users, cast, personas, actors"
    )
)
"""Keys of lists that may describe people rather than hold their words."""
SPOKEN_AS = _list(
    "pseudonym, alias, nickname, speaker, speaker label, label, name, full name, first name, display name, id, participant id, participant, speaker id, code"
)
"""Keys under which such a list gives the names that turns are labelled with."""
