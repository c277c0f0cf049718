"""One small invented export of every tool and every shape of study that is recognised, and what is in it.

The people and their words are made up; the layouts follow what the tools write.
"""

# ruff: noqa: E501 - rows are as wide as tools write them

import csv
import html
import io
import json
from collections.abc import Callable
from typing import NamedTuple

from tests import formats
from tests.tools import TOOLS


class Shape(NamedTuple):
    """A file, and who says what in it."""

    file: str
    text: str
    participants: tuple[str, ...]
    """Ids in order of appearance."""
    answers: int
    """Segments with words of a participant."""
    absent: tuple[str, ...] = ()
    """Words of the file that must not be a participant's."""
    made: str = "made from documentation"
    """Where the layout comes from; the other possibility is `from a real export`."""


_PARTS = [
    {"type": "conversation_part", "id": "2", "part_type": "comment", "author": {"type": "admin", "id": "9",
     "name": "Sol Ricci", "email": "sol@shop.example"}, "body": "<p>Sorry to hear that. Which lamp is it?</p>"},
    {"type": "conversation_part", "id": "3", "part_type": "assignment", "author": {"type": "bot", "id": "1",
     "name": "Operator"}, "body": None},
    {"type": "conversation_part", "id": "4", "part_type": "note", "author": {"type": "admin", "id": "9",
     "name": "Sol Ricci"}, "body": "<p>Looks like a bad batch to me.</p>"},
    {"type": "conversation_part", "id": "5", "part_type": "comment", "author": {"type": "user", "id": "u-77",
     "name": "Imke Brandt", "email": "imke@mail.example"}, "body": "<p>The blue one.<br>It hums at night.</p>"},
]  # fmt: skip
_INTERCOM = {
    "type": "conversation.list",
    "total_count": 2,
    "pages": {"type": "pages", "page": 1, "per_page": 20},
    "conversations": [
        {"type": "conversation", "id": "101", "created_at": 1760000000, "state": "closed", "title": None,
         "tags": {"type": "tag.list", "tags": []},
         "source": {"type": "conversation", "id": "1", "subject": "", "body": "<p>My lamp flickers &amp; I can't read.</p>",
                    "author": {"type": "user", "id": "u-77", "name": "Imke Brandt", "email": "imke@mail.example"}},
         "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "u-77"}]},
         "conversation_parts": {"type": "conversation_part.list", "conversation_parts": _PARTS, "total_count": 4}},
        {"type": "conversation", "id": "102", "created_at": 1760000900, "state": "open",
         "source": {"type": "conversation", "id": "6", "subject": "", "body": "<p>How do I return a lamp I bought?</p>",
                    "author": {"type": "lead", "id": "u-80", "name": "", "email": ""}},
         "conversation_parts": {"type": "conversation_part.list", "conversation_parts": [], "total_count": 0}},
    ],
}  # fmt: skip
_STORE_CONNECT = {
    "data": [
        {"type": "customerReviews", "id": "0000-1", "attributes": {"rating": 2, "title": "Too dark",
         "body": "The night mode is so dark that I press the wrong button.", "reviewerNickname": "lampfan",
         "createdDate": "2026-03-02T10:00:00-07:00", "territory": "GBR"}},
        {"type": "customerReviews", "id": "0000-2", "attributes": {"rating": 5, "title": "Lovely",
         "body": "I set the timer once and never think about it again.", "reviewerNickname": "oak tree 9",
         "createdDate": "2026-03-03T10:00:00-07:00", "territory": "IRL"}},
    ],
    "links": {"self": "https://api.example/v1/apps/1/customerReviews"},
    "meta": {"paging": {"total": 2, "limit": 50}},
}  # fmt: skip
_FEED = {"feed": {"author": {"name": {"label": "Store"}}, "entry": [
    {"author": {"uri": {"label": "https://store.example/u/1"}, "name": {"label": "lampfan"}, "label": ""},
     "im:version": {"label": "3.1.0"}, "im:rating": {"label": "2"}, "id": {"label": "111"},
     "title": {"label": "Too dark"}, "content": {"label": "The night mode is so dark that I cannot find the switch.",
     "attributes": {"type": "text"}}},
    {"author": {"uri": {"label": "https://store.example/u/2"}, "name": {"label": "oak"}, "label": ""},
     "im:version": {"label": "3.1.0"}, "im:rating": {"label": "5"}, "id": {"label": "112"},
     "title": {"label": "Lovely"}, "content": {"label": "I set the timer once and never think about it.",
     "attributes": {"type": "text"}}},
]}}  # fmt: skip
_NESTED = {
    "study": "Lamps",
    "interviews": [
        {"participant_id": "P01", "demographics": {"age": 34, "role": "nurse"}, "date": "2026-03-01",
         "transcript": [{"speaker": "Interviewer", "text": "What do you read at night?"},
                        {"speaker": "P01", "text": "Novels, until my eyes give up."}]},
        {"participant_id": "P02", "demographics": {"age": 61, "role": "joiner"},
         "responses": [{"question": "What do you read at night?", "answer": "The paper, with a torch."}]},
    ],
}  # fmt: skip


SHAPES: dict[str, Shape] = {
    "Zoom, cloud recording (vtt)": Shape(
        "zoom.vtt",
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.500\nDana Whitlock: Where do you read?\n\n"
        "2\n00:00:04.000 --> 00:00:08.000\nOmar Haddad: In bed, mostly, with a\n\n"
        "3\n00:00:08.000 --> 00:00:10.000\nOmar Haddad: small lamp on the floor.\n\n"
        "4\n00:00:11.000 --> 00:00:12.000\nDana Whitlock: And why the floor?\n\n"
        "5\n00:00:12.500 --> 00:00:16.000\nOmar Haddad: Because the table is full of books.\n",
        ("R1",), 2, ("Where do you read",),
    ),
    "Zoom, saved captions (txt)": Shape(
        "meeting_saved_closed_caption.txt",
        "[Dana Whitlock] 14:02:11\nWhere do you read?\n\n[Omar Haddad] 14:02:15\nIn bed, mostly, with a small lamp.\n\n"
        "[Dana Whitlock] 14:02:30\nAnd why is that?\n\n[Omar Haddad] 14:02:33\nBecause it is warm there.\n\n",
        ("R1",), 2, ("Where do you read", "14:02"),
    ),
    "Zoom, chat (txt)": Shape(
        "meeting_saved_chat.txt",
        "14:02:11\t From Dana Whitlock to Everyone:\n\tWhere do you read?\n"
        "14:02:15\t From Omar Haddad to Everyone:\n\tIn bed, mostly, with a small lamp.\n"
        "14:02:30\t From Dana Whitlock to Everyone:\n\tAnd why is that?\n"
        "14:02:33\t From Omar Haddad to Everyone:\n\tBecause it is warm there.\n",
        ("R1",), 2, ("Where do you read", "Everyone"),
    ),
    "Teams (vtt)": Shape(
        "teams.vtt",
        "WEBVTT\n\n8f3e1c2a-0b1d-4c5e-9f00-aa11bb22cc33/12-0\n00:00:01.120 --> 00:00:03.900\n"
        "<v Dana Whitlock>Where do you read?</v>\n\n8f3e1c2a-0b1d-4c5e-9f00-aa11bb22cc33/14-0\n"
        "00:00:04.120 --> 00:00:09.900\n<v Omar Haddad>In bed, mostly, with\na small lamp.</v>\n",
        ("R1",), 1, ("Where do you read", "8f3e1c2a"),
    ),
    "Teams, transcript as text (docx, txt)": Shape(
        "Lamps-20260302_100000-Meeting Recording.txt",
        "Lamps-20260302_100000-Meeting Recording\n2 March 2026, 10:00am\n32m 14s\n\n"
        "Whitlock, Dana started transcription\n\nWhitlock, Dana   0:03\nWhere do you read?\n\n"
        "Haddad, Omar   0:09\nIn bed, mostly, with a small lamp.\n\nWhitlock, Dana   0:20\nAnd why is that?\n\n"
        "Haddad, Omar   0:24\nBecause it is warm there.\n\nWhitlock, Dana stopped transcription\n",
        ("R1",), 2, ("Where do you read", "transcription", "0:24"),
    ),
    "Teams, time spans and names (docx, txt)": Shape(
        "teams_spans.txt",
        "0:0:0.0 --> 0:0:1.580\nWhitlock, Dana\nWhere do you read?\n\n0:0:2.0 --> 0:0:4.580\nHaddad, Omar\n"
        "In bed, mostly, with a lamp.\n\n0:0:5.0 --> 0:0:6.580\nWhitlock, Dana\nAnd why is that?\n\n"
        "0:0:7.0 --> 0:0:9.0\nHaddad, Omar\nBecause it is warm there.\n",
        ("R1",), 2, ("Where do you read", "-->", "Haddad"),
    ),
    "Google Meet (docx, txt)": Shape(
        "meet.txt",
        "Lamps (2026-03-02 10:00 GMT) - Transcript\n\nAttendees\n\nDana Whitlock, Omar Haddad\n\nTranscript\n\n"
        "00:00:00\n\nDana Whitlock: Where do you read?\n\nOmar Haddad: In bed, mostly.\n\n00:05:00\n\n"
        "Dana Whitlock: And why is that?\n\nOmar Haddad: Because it is warm there.\n\nMeeting ended after 00:32:14\n",
        ("R1",), 2, ("Where do you read", "Meeting ended", ":00"),
    ),
    "Otter (txt)": Shape(
        "otter.txt",
        "Dana Whitlock  0:03  \nWhere do you read?\n\nSpeaker 2  0:09  \nIn bed, mostly, with a small lamp.\n\n"
        "Dana Whitlock  1:02:20  \nAnd why is that?\n\nSpeaker 2  1:02:24  \nBecause it is warm there.\n\n"
        "Transcribed by https://otter.ai\n",
        ("R1",), 2, ("Where do you read", "Transcribed by"),
    ),
    "Dovetail, highlights (csv)": Shape(
        "highlights.csv",
        "Highlight ID,Highlight,Tags,Note ID,Note title,Participant,Created at,Created by,Sentiment\n"
        'h1,"I read with a torch because the lamp hums.","light; noise",n1,Interview 1,Imke Brandt,2026-03-01,Dana,negative\n'
        'h2,"The timer is the only thing I trust.",timer,n1,Interview 1,Imke Brandt,2026-03-01,Dana,positive\n'
        'h3,"I never read the manual, who does?",manual,n2,Interview 2,Noor Aziz,2026-03-02,Dana,\n',
        ("R1", "R2"), 3, ("light; noise",),
    ),
    "Qualtrics (csv, three header rows)": Shape(
        "qualtrics.csv",
        "StartDate,EndDate,Status,IPAddress,Progress,Duration (in seconds),Finished,ResponseId,RecipientEmail,UserLanguage,Q1,Q2,Q3\n"
        "Start Date,End Date,Response Type,IP Address,Progress,Duration (in seconds),Finished,Response ID,Recipient Email,"
        'User Language,How old are you?,What annoys you about your lamp?,"Anything else, in your own words?"\n'
        '"{""ImportId"":""startDate"",""timeZone"":""Europe/London""}","{""ImportId"":""endDate""}","{""ImportId"":""status""}",'
        '"{""ImportId"":""ipAddress""}","{""ImportId"":""progress""}","{""ImportId"":""duration""}","{""ImportId"":""finished""}",'
        '"{""ImportId"":""_recordId""}","{""ImportId"":""recipientEmail""}","{""ImportId"":""userLanguage""}",'
        '"{""ImportId"":""QID1_TEXT""}","{""ImportId"":""QID2_TEXT""}","{""ImportId"":""QID3_TEXT""}"\n'
        "2026-03-01 10:00:00,2026-03-01 10:05:00,IP Address,192.0.2.7,100,300,True,R_1abCdEfGhIjKlMn,,EN,34,"
        '"It hums when I try to sleep, every night",Please make it quieter for us\n'
        "2026-03-01 11:00:00,2026-03-01 11:04:00,IP Address,192.0.2.8,100,240,True,R_2abCdEfGhIjKlMn,,EN,61,"
        "The switch is too small for my hands,\n",
        ("R1", "R2"), 3, ("ImportId", "192.0.2", "What annoys"),
    ),
    "SurveyMonkey (csv, two header rows)": Shape(
        "surveymonkey.csv",
        "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,Last Name,"
        "What annoys you about your lamp?,Which rooms have one?,,How old are you?\n"
        ",,,,,,,,Open-Ended Response,Kitchen,Bedroom,Response\n"
        '118000000001,4001,03/01/2026,03/01/2026,192.0.2.7,,,,"It hums when I try to sleep, every night",Kitchen,,34\n'
        "118000000002,4001,03/01/2026,03/01/2026,192.0.2.8,,,,The switch is too small for my hands,,Bedroom,61\n",
        ("R1", "R2"), 2, ("Open-Ended", "192.0.2"),
    ),
    "Google Forms (csv)": Shape(
        "form.csv",
        "Timestamp,Email Address,How old are you?,What annoys you about your lamp?,How happy are you with it?\n"
        '2026/03/01 10:00:00 am GMT,ada@mail.example,34,"It hums when I try to sleep",2\n'
        "2026/03/01 10:09:00 am GMT,ben@mail.example,61,The switch is too small for my hands,4\n",
        ("R1", "R2"), 2, ("mail.example", "2026"),
    ),
    "Typeform (csv)": Shape(
        "typeform.csv",
        "#,What's your first name?,How old are you?,What annoys you about your lamp?,Response Type,Start Date (UTC),"
        "Stage Date (UTC),Submit Date (UTC),Network ID,Tags\n"
        "8d2kq0pz1xk3,Imke,34,It hums when I try to sleep,completed,2026-03-01 10:00:00,,2026-03-01 10:02:00,9f8e7d,\n"
        "8d2kq0pz1xk4,Noor,61,The switch is too small for my hands,completed,2026-03-01 11:00:00,,2026-03-01 11:02:00,9f8e7e,\n",
        ("R1", "R2"), 2, ("completed", "8d2kq0pz1xk3"),
    ),
    "Intercom (json)": Shape(
        "intercom.json", json.dumps(_INTERCOM), ("U77", "U80"), 3, ("Which lamp", "bad batch", "<p>", "&amp;"),
    ),
    "Intercom (csv)": Shape(
        "intercom.csv",
        "message_id,message_body,message_type,message_created_at,message_author_type,message_author_id,"
        "message_author_name,message_author_email,conversation_id,conversation_state\n"
        "1,My lamp flickers and I cannot read.,conversation_message,2026-03-01 10:00:00,user,u-77,Imke Brandt,i@mail.example,101,closed\n"
        "2,Sorry to hear that. Which lamp is it?,comment,2026-03-01 10:01:00,admin,9,Sol Ricci,s@shop.example,101,closed\n"
        "3,,close,2026-03-01 10:02:00,bot,1,Operator,,101,closed\n"
        "4,The blue one. It hums at night.,comment,2026-03-01 10:03:00,user,u-77,Imke Brandt,i@mail.example,101,closed\n"
        "5,How do I return a lamp I bought?,conversation_message,2026-03-01 11:00:00,lead,u-80,,,102,open\n",
        ("U77", "U80"), 3, ("Which lamp",),
    ),
    "App Store reviews (json)": Shape(
        "reviews.json", json.dumps(_STORE_CONNECT), ("R1", "R2"), 2, ("lampfan", "customerReviews"),
    ),
    "App Store reviews, feed (json)": Shape("feed.json", json.dumps(_FEED), ("R1", "R2"), 2, ("store.example",)),
    "Play Store reviews (csv, UTF-16)": Shape(
        "reviews_com.example.lamp_202603.csv",
        "Package Name,App Version Code,App Version Name,Reviewer Language,Device,Review Submit Date and Time,"
        "Review Submit Millis Since Epoch,Star Rating,Review Title,Review Text,Developer Reply Date and Time,"
        "Developer Reply Text,Review Link\n"
        "com.example.lamp,31,3.1.0,en,pixel8,2026-03-01T10:00:00Z,1772359200000,2,,The night mode is too dark for me.,"
        "2026-03-02T10:00:00Z,Thank you for telling us about this.,https://play.example/1\n"
        "com.example.lamp,31,3.1.0,en,a54,2026-03-02T10:00:00Z,1772445600000,5,,I set the timer once and never again.,,,"
        "https://play.example/2\n"
        "com.example.lamp,31,3.1.0,en,a54,2026-03-02T11:00:00Z,1772449200000,4,,,,,https://play.example/3\n",
        ("R1", "R2"), 2, ("Thank you for telling",),
    ),
    "Interview, labelled (txt)": Shape(
        "interview.txt",
        "INTERVIEWER: Where do you read?\n\nINTERVIEWEE: In bed, mostly, with a small lamp.\n\n"
        "INTERVIEWER: And why is that?\n\nINTERVIEWEE: Because it is warm there.\n",
        ("R1",), 2, ("Where do you read",),
    ),
    "Interview, labels on lines of their own (txt)": Shape(
        "lines.txt",
        "RESEARCHER\nWhere do you read?\n\nPARTICIPANT\nIn bed, mostly.\n\nRESEARCHER\nAnd why?\n\nPARTICIPANT\n"
        "It is warm there.\n",
        ("R1",), 2, ("Where do you read", "PARTICIPANT"),
    ),
    "Interview, timed codes (txt)": Shape(
        "P1.txt",
        "Moderator (00:02)\nWhere do you read?\n\nP1 (00:12)\nIn bed, mostly, with a small lamp.\n\n"
        "Moderator (00:20): And why is that?\nP1 (00:24): Because it is warm there.\n",
        ("P1",), 2, ("Where do you read", "00:"),
    ),
    "Several interviews under headers (txt)": Shape(
        "interviews.txt",
        "PARTICIPANT 001 - Age: 28, Role: Nurse, Location: Leeds\n\nInterviewer: Where do you read?\n"
        "Participant: In bed, mostly, with a small lamp.\n\nPARTICIPANT 002 - Age: 61, Role: Joiner, Location: York\n\n"
        "Interviewer: Where do you read?\nParticipant: At the kitchen table, always.\n",
        ("P001", "P002"), 2, ("Where do you read",),
    ),
    "Focus group (txt)": Shape(
        "group.txt",
        "Moderator: Who reads at night?\nAda: I do, every night.\nBen: Not me, I fall asleep.\nCid: Only on holiday.\n"
        "Moderator: What with?\nAda: A lamp from my mother.\nCid: My phone, which is bad for me.\n",
        ("R1", "R2", "R3"), 5, ("Who reads",),
    ),
    "Interview notes in Markdown (md)": Shape(
        "P07_notes.md",
        "---\nparticipant: P07\nage: 44\nrole: baker\n---\n# Notes\n\n**Interviewer:** Where do you read?\n\n"
        "**P07:** On the bus, because it is the only light.\n",
        ("P07",), 1, ("Where do you read",),
    ),
    "Interviews, nested (json)": Shape("interviews.json", json.dumps(_NESTED), ("P01", "P02"), 2, ("What do you read",)),
    "One answer per row (csv)": Shape(
        "answers.csv",
        "respondent_id,age,question,answer\n1,34,Where do you read?,In bed\n1,34,Why there?,It is warm\n"
        "2,61,Where do you read?,At the table\n2,61,Why there?,My back hurts in bed\n",
        ("R1", "R2"), 4, ("Where do you read?",),
    ),
    "One column per question (tsv)": Shape(
        "wide.tsv",
        "id\tage\tWhere do you read?\tWhat annoys you?\nP1\t34\tIn bed, with a small lamp\tThe hum of the thing\n"
        "P2\t61\tAt the kitchen table\tMy eyes, more than the lamp\n",
        ("P1", "P2"), 4,
    ),
    "One column per question, and notes of others (csv)": Shape(
        "notes.csv",
        "Participant,Age,Moderator notes,What annoys you?,What helps you?\n"
        "P1,34,Seemed tired and did not look up from the table at all,The hum,A dimmer would\n"
        "P2,61,Was very lively and full of ideas about light,Nothing at all really,My daughter sets it\n",
        ("P1", "P2"), 4, ("Seemed tired",),
    ),
    "Diary, dated entries (txt)": Shape(
        "P4_diary.txt",
        "Participant: P4\n\nMonday, 2 March 2026\nI read for an hour.\n\nTuesday, 3 March 2026\nThe lamp broke.\n",
        ("P4",), 2, ("March",),
    ),
    "Diary, several dated entries (csv)": Shape(
        "diary.csv",
        "participant,date,day,entry\nP1,2026-03-01,1,Read for an hour until the lamp got hot.\n"
        "P2,2026-03-01,1,Forgot the lamp was on all night.\nP1,2026-03-02,2,Used the torch again today.\n",
        ("P1", "P2"), 3,
    ),
    "Diary, dated entries under headers (md)": Shape(
        "P3_diary.md",
        "# Diary of P3\n\n## 2026-03-01\n\nRead for an hour until the lamp got hot.\n\n## 2026-03-02\n\n"
        "Used the torch again, since it was late.\n",
        ("P3",), 2, ("2026-03-01",),
    ),
    "Diary entries (jsonl)": Shape(
        "diary.jsonl",
        '{"participant": "P1", "date": "2026-03-01", "entry": "Read for an hour until the lamp got hot."}\n'
        '{"participant": "P2", "date": "2026-03-01", "entry": "Forgot the lamp was on all night."}\n'
        '{"participant": "P1", "date": "2026-03-02", "entry": "Used the torch again today, it was late."}\n',
        ("P1", "P2"), 3,
    ),
    "Support tickets (csv)": Shape(
        "tickets.csv",
        "ticket_id,customer,opened,channel,subject,message\nT1,C01,Monday,mail,Hum,It hums\n"
        "T2,C02,Monday,chat,Switch,So small\nT3,C01,Friday,mail,Again,It hums again\n",
        ("C01", "C02"), 3,
    ),
    "Help desk requests (csv)": Shape(
        "requests.csv",
        "Ticket ID,Requester,Assignee,Subject,Description,Status\n"
        "1,Imke Brandt,Sol Ricci,Lamp,My lamp hums all night and I cannot sleep.,open\n"
        "2,Noor Aziz,Sol Ricci,Return,How do I send this lamp back to you?,closed\n",
        ("R1", "R2"), 2, ("Sol",),
    ),
    "Reviews with replies (csv)": Shape(
        "company_reviews.csv",
        "Review Id,Review Created (UTC),Review Title,Review Content,Review Stars,Company Reply\n"
        "1,2026-03-01,Bad,The lamp hums and nobody answers the phone.,1,We are sorry to hear that and will call you.\n"
        "2,2026-03-02,Good,I use it every evening and it never fails.,5,\n",
        ("R1", "R2"), 2, ("We are sorry",),
    ),
    "Survey below title rows (csv)": Shape(
        "messy.csv",
        "Lamp survey 2026\nExported by: Dana\n\nNo.;Age;What annoys you about your lamp?;Code\n"
        "1;34;It hums when I try to sleep;L-07\n2;61;The switch is too small for my hands;L-08\n".replace(";", ","),
        ("L07", "L08"), 2, ("Exported by",),
    ),
    "Subtitles without names (srt)": Shape(
        "P5_video.srt",
        "1\n00:00:01,000 --> 00:00:04,000\nI start by turning the lamp on.\n\n2\n00:00:05,000 --> 00:00:09,000\n"
        "Then it hums and I turn it off.\n",
        ("P5",), 1,
    ),
    "Text without names (txt)": Shape(
        "letter.txt", "I read at night.\n\nThe lamp hums, so I bought another one.\n", ("R1",), 2,
    ),
    **{name: Shape(*tool) for name, tool in TOOLS.items()},
}  # fmt: skip


def data_of(shape: Shape) -> bytes:
    """The file as the tool would write it: the Play Store writes UTF-16."""
    return shape.text.encode("utf-16" if shape.file.startswith("reviews_com") else "utf-8")


Write = Callable[[Shape], bytes]


def _rows(shape: Shape) -> list[list[str]]:
    return list(csv.reader(io.StringIO(shape.text), delimiter="\t" if shape.file.endswith(".tsv") else ","))


def _lines(shape: Shape) -> list[str]:
    return [line for line in shape.text.split("\n") if line.strip()]


def _records(shape: Shape) -> bytes:
    import yaml

    return yaml.safe_dump(json.loads(shape.text), allow_unicode=True).encode()


KINDS: dict[str, dict[str, Write]] = {
    "text": {
        ".docx": lambda shape: formats.docx(_lines(shape)),
        ".html": lambda shape: formats.html([html.escape(line) for line in _lines(shape)]),
        ".rtf": lambda shape: formats.rtf(shape.text.split("\n")),
        ".pdf": lambda shape: formats.pdf(shape.text.split("\n")),
    },
    "table": {
        ".xlsx": lambda shape: formats.xlsx(_rows(shape)),
        ".ods": lambda shape: formats.ods([[html.escape(cell) for cell in row] for row in _rows(shape)]),
        ".docx": lambda shape: formats.docx((), _even(_rows(shape))),
        ".html": lambda shape: formats.html((), [[html.escape(cell) for cell in row] for row in _rows(shape)]),
    },
    "records": {".yaml": _records},
    "other": {},
}
"""How a shape is written in other formats, by the kind of file that it is."""
ENDINGS = (".docx", ".html", ".rtf", ".pdf", ".xlsx", ".ods", ".yaml", ".zip")


def writers(shape: Shape) -> dict[str, Write]:
    """The other formats that can hold a shape; an archive can hold each."""
    kinds = {".txt": "text", ".csv": "table", ".tsv": "table", ".json": "records"}
    kind = kinds.get(shape.file[shape.file.rindex(".") :], "other")
    return {**KINDS[kind], ".zip": lambda shape: formats.zipped({f"export/{shape.file}": data_of(shape)})}


def _even(rows: list[list[str]]) -> list[list[str]]:
    width = max(map(len, rows))
    return [row + [""] * (width - len(row)) for row in rows]
