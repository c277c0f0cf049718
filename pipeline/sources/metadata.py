"""Recognise lines that are not speech: headers, page marks, lines of a tool, notes, tasks.

One place for all text-like formats. Facts about a person in a header are read in `facts`; the interviewer and the
participant that a header names are read here.
"""

# ruff: noqa: E501 - patterns of many languages

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pipeline.sources.fact_keys import canonical, fact_key, plain_key
from pipeline.sources.role_words import is_question_head
from pipeline.sources.speaker_labels import is_time
from pipeline.sources.vocabulary import LABEL_KEY, NAME_KEY, NOT_A_FACT, NOT_A_SPEAKER

Aside = Literal["tool", "note", "task", "print"]
"""`tool`: written by a program; `note`: by the researcher; `task`: read out to a tester; `print`: edge of a page."""

_HEADER_KEY = frozenset(
    """date range, date of interview, interview date, format, source, source file, study, study name, keywords, keyword,
    length, recorded on, recorded with, recording date, transcribed, transcribed by, transcription by, transcriber,
    translated by, checked by, edited by, prepared by, coded by, coder, conducted by, participants, attendees, speakers,
    interviewees, interviewers, moderators, respondents, present, invited, people, location of interview, interview no,
    interview number, interview location, interview type, interview length, session number, file name, filename, audio,
    audio file, video, media, tool, software, platform, client, objective, objectives, research question, method,
    methodology, consent, anonymised, anonymized, confidentiality, legend, key, abbreviations, disclaimer, copyright,
    datum, ort, dauer, thema, aufnahme, transkription, transkribiert von, quelle, studie, projekt, schlagworte, teilnehmer,
    lieu, durée, sujet, enregistrement, transcription, retranscription, étude, projet, mots clés, participants,
    fecha, lugar, duración, tema, grabación, transcripción, fuente, estudio, proyecto, palabras clave, participantes,
    data, local, duração, tema, gravação, fonte, estudo, projeto, palavras chave, luogo, durata, argomento, fonte, studio,
    дата, место, длительность, тема, источник, проект, 日付, 場所, 時間, 日期, 地点, 时间, 时长, 날짜, 장소, 시간"""
    .replace("\n", " ").split(",")
)  # fmt: skip
_HEADER_KEYS = frozenset(" ".join(key.split()) for key in _HEADER_KEY)
_NOTE = re.compile(
    r"(?:(?:researcher|observer|interviewer|moderator|facilitator|transcriber|field|editor|author|analyst|side)[’']?s?"
    r" (?:note|notes|comment|observation)|notes?|nb|n\.b\.|observation|observations|memo|anmerkung|notiz|note du chercheur"
    r"|nota|notas|примечание|заметка|备注|注|メモ)s? ?(?:\([^()]{1,40}\) ?)?[:：]",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"(?:#{1,6} )?(?:task|scenario|exercise|activity|aufgabe|szenario|tâche|tarea|tarefa|compito|задание|задача|任务|課題|タスク|과제)"
    r" ?\d{1,2}(?:\.\d)? ?(?:[:：.)–-]|$)",
    re.IGNORECASE,
)
_BOXED = re.compile(r"(?:\[[^\[\]]{1,400}\]|\([^()]{1,200}\)|\{[^{}]{1,200}\}|<[^<>]{1,100}>|\*[^*]{1,100}\*)\.?")
"""A line entirely in brackets: an action of a speaker, or a remark."""
_TOOL = re.compile(
    r"Transcribed by https?://\S+|[\w'’., -]{2,60} (?:started|stopped) transcription"
    r"|Meeting ended after [\d:]{4,8}.{0,4}|This editable transcript was computer generated.*"
    r"|\(?edited\)?|Exported \d+ message\(s\)|WEBVTT.*|Kind: captions|Language: \w{2,5}|(?:-{3,}|={3,}|_{3,}|\*{3,}|~{3,})"
    r"|(?:\[|\()?(?:end|start|beginning) of (?:the )?(?:transcript(?:ion)?|recording|interview|audio|tape)(?:\]|\))?\.?"
    r"|\[?(?:audio|recording|tape|interview) (?:ends|starts|begins|paused|resumed)\]?\.?"
    r"|Reference \d{1,5} [-–] [\d.,]{1,7}% Coverage"
    r"|\d{1,4} (?:replies|reply|reactions?)|(?:view|show) (?:thread|newer replies)",
    re.IGNORECASE,
)
_URL = re.compile(r"\S{0,3}(?:https?://|www\.)\S+(?:\s+(?:page )?\d{1,4} ?/ ?\d{1,4})?", re.IGNORECASE)
_PAGE = re.compile(
    r"(?:[-–—] ?)?(?:page|seite|página|pagina|стр\.?|страница|頁|p\.)? ?\d{1,4} ?(?:of|von|de|sur|di|из|/|\|) ?\d{1,4}(?: ?[-–—])?"
    r"|(?:page|seite|página|pagina|стр\.?|страница) \d{1,4}|[-–—] ?\d{1,4} ?[-–—]",
    re.IGNORECASE,
)
_DATED = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?:,? \d{1,2}:\d\d(?::\d\d)?(?: ?[ap]m)?)?", re.IGNORECASE)

_SILENT = re.compile(
    r"end-to-end encrypt|ende-zu-ende|chiffrés? de bout en bout|cifrad[oa]s? de extremo a extremo|crittografat\w+ end-to-end"
    r"|criptografia de ponta|encriptad[ao]s? (?:de )?ponta|сквозн\w+ шифрован|uçtan uca|end-to-end (?:versleuteld|krypter)"
    r"|端到端|エンドツーエンド|종단간|التشفير التام|^<[^<>]{3,80}>\.?$|^(?:\S{1,80}\.\w{2,5} )?\((?:file attached|datei angehängt|archivo adjunto"
    r"|fichier joint|arquivo anexado|file allegato)\)$"
    r"|^(?:image|video|audio|sticker|gif|document|contact card) omitted$|^(?:bild|video|audio|sticker|gif|dokument) weggelassen$"
    r"|^(?:image|vidéo|audio|sticker|gif) (?:absente?|omise?)$|^(?:imagen|video|audio|sticker|gif) omitid[oa]$"
    r"|^(?:imagem|vídeo|áudio|figurinha|gif) (?:ocultad[oa]|omitid[oa])$|^(?:immagine|video|audio|sticker|gif) omess[oa]$"
    r"|^(?:this message was deleted|you deleted this message|diese nachricht wurde gelöscht|se eliminó este mensaje"
    r"|eliminaste este mensaje|ce message a été supprimé|mensagem apagada|esta mensagem foi apagada"
    r"|questo messaggio è stato eliminato|dit bericht is verwijderd|сообщение удалено|данное сообщение удалено)\.?$"
    r"|^(?:missed (?:voice|video) call|(?:voice|video) call.{0,20})$|^null$|^(?:\d{2}-)?\S+\.(?:jpe?g|png|mp4|opus|webp|pdf)$"
    r"|has (?:joined|left) the (?:channel|group|chat)|added .{1,40} to the (?:channel|group)|created (?:this )?group",
    re.IGNORECASE,
)  # fmt: skip
"""Chat messages without words of a person: notices, placeholders for pictures, deleted messages."""


_EDITED = re.compile(
    r" ?<[^<>]{0,40}(?:edited|bearbeitet|edit[oó]|editad[ao]|modifié|modificato|изменено|bewerkt)[^<>]{0,20}>$",
    re.IGNORECASE,
)


def without_edit_mark(text: str) -> str:
    """A message of a chat without the tool's remark that it was edited."""
    return _EDITED.sub("", text) if text.endswith(">") else text


class Stated(NamedTuple):
    """Interviewers and participants, as a header names them in a sentence or a list."""

    asking: tuple[str, ...]
    answering: tuple[str, ...]


def is_header_key(label: str) -> bool:
    """Return whether the text before a colon is a header key, so that it never is a speaker."""
    plain = plain_key(label)
    if plain in _HEADER_KEYS or plain in NOT_A_SPEAKER:
        return True
    return (
        plain in NOT_A_FACT
        or canonical(plain) is not None
        or plain in NAME_KEY
        or (plain in LABEL_KEY and " " in plain)
    )


def aside_of(line: str) -> Aside | None:
    """Classify a line between turns that is not speech; `None` for a line that may be speech."""
    if len(line) > 400:
        return None
    if _TOOL.fullmatch(line) or is_time(line):
        return "tool"
    if _URL.fullmatch(line) or _PAGE.fullmatch(line) or _DATED.fullmatch(line):
        return "print"
    if _TASK.match(line):
        return "task"
    if _NOTE.match(line) or _BOXED.fullmatch(line):
        return "note"
    return None


def opens_aside(line: str) -> bool:
    """Return whether the text before the colon of a line is the head of a task or a note, and not a speaker."""
    return _TASK.match(line) is not None or _NOTE.match(line) is not None


def says_nothing(text: str) -> bool:
    """Return whether a chat message is a notice or a placeholder for something that is not text."""
    return len(text) < 400 and _SILENT.search(text) is not None


def without_print_marks(lines: Sequence[str]) -> list[str]:
    """The lines without what a browser prints at the edges of pages: addresses, page marks, a title that comes back.

    A removed line leaves nothing behind, because a printed page ends in the middle of a turn.
    """
    if not any(_is_print(line) for line in lines):
        return list(lines)
    dated = Counter(line for line in lines if _DATED.match(line) and not _DATED.fullmatch(line) and len(line) < 160)
    repeated = {line for line, times in dated.items() if times > 1}
    return [line for line in lines if not _is_print(line) and line not in repeated]


def _is_print(line: str) -> bool:
    return len(line) < 200 and (_URL.fullmatch(line) is not None or (_PAGE.fullmatch(line) is not None and "/" in line))


_PERSON = r"[^\W\d_][\w'’.-]*(?: (?:[^\W\d_][\w'’.-]*)){0,3}"
_LIST = rf"(?P<names>{_PERSON}(?:(?:, | and | & | und | et | y | e | en ){_PERSON}){{0,7}})"
_ASKING = re.compile(
    r"(?:(?:interviewer(?:in)?|moderator(?:in)?|facilitator|researcher|entrevistador[a]?|moderadora?|intervieweu(?:r|se)"
    r"|enquêt(?:eur|rice)|intervistat(?:ore|rice))s? (?:is|was|are|were|ist|war|sind|es|fue|est|était|è|era)"
    r"|(?:conducted|interviewed|moderated|facilitated|led|hosted|run|held) by|(?:geführt|moderiert|interviewt) von"
    r"|(?:mené|conduit|réalisé|animé)e? par|(?:realizada|conducida|moderada) por) " + _LIST,
    re.IGNORECASE,
)
_ANSWERING = re.compile(
    r"(?:(?:participant|interviewee|respondent|guest|befragter?|teilnehmer(?:in)?|entrevistad[oa]|participante|intervistat[oa])s?"
    r" (?:is|was|are|were|ist|war|sind|es|fue|est|était|è|era)"
    r"|(?:interview|conversation|talk|session|call|discussion) (?:with|of)|(?:interview|gespräch) mit|entretien avec"
    r"|entrevista (?:a|con|com)|intervista (?:a|con)) " + _LIST,
    re.IGNORECASE,
)
_SPLIT = re.compile(r", | and | & | und | et | y | e | en ")


def stated_roles(lines: Iterable[str]) -> Stated:
    """The names that the lines above a conversation give to those who ask and to those who answer."""
    asking: list[str] = []
    answering: list[str] = []
    for line in lines:
        plain = line.strip("#*_ ")[:300]
        for pattern, found in ((_ASKING, asking), (_ANSWERING, answering)):
            for match in pattern.finditer(plain):
                found += [name for name in map(_capitals, _SPLIT.split(match["names"])) if name]
    return Stated(tuple(dict.fromkeys(asking)), tuple(dict.fromkeys(answering)))


def _capitals(text: str) -> str:
    """The words of a name at the start of a text, up to the first that has no capital."""
    words = []
    for word in text.split():
        if word[0].islower():
            break
        words.append(word.strip(".,"))
    return " ".join(words)


_NUMBERED = re.compile(
    r"(?:[*_#]{1,3} ?)?(?:q|question|frage|pregunta|pergunta|domanda|вопрос)\.? ?\d{1,3} ?[.):–-] ?(?=\S)",
    re.IGNORECASE,
)
_NVIVO_SOURCE = re.compile(r"<(?:Files|Internals|Externals|Elements)\\{1,2}(?P<name>[^<>]{1,200})> [-–] § .{0,120}")


def coded_source(line: str) -> str | None:
    """The document that a line of NVivo's list of references opens; `None` for any other line."""
    match = _NVIVO_SOURCE.fullmatch(line) if len(line) < 400 else None
    return match["name"] if match else None


def question_in(line: str) -> str | None:
    """The question behind a printed head (`Prompt: "How was it?"`, `Q3. How?`); `None` for any other line."""
    if len(line) < 400 and line.rstrip("*_ ").endswith(("?", "？", "؟")) and (match := _NUMBERED.match(line)):
        return line[match.end() :].strip("*_ ")
    head, sign, rest = re.sub(r"[*_#]+", "", line[:400]).strip().partition(":" if ":" in line[:60] else "：")
    if not sign or len(head) > 40 or not rest.strip() or not is_question_head(head):
        return None
    return (rest.strip() + re.sub(r"[*_]+", "", line[400:])).strip(" \"“”„«»'")


def is_key_of_a_header(label: str, text: str) -> bool:
    """Return whether a label that comes once, above the first certain speaker, opens a header rather than speech."""
    if is_header_key(label):
        return True
    return fact_key(label) is not None and not (
        text.rstrip('"”»)').endswith((".", "!", "?", "…", "。")) or len(text.split()) > 7
    )
