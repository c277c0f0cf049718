"""Exports of tools by name, beyond those of `shapes`: most are inputs of `who_said_what`, under the tool's file name."""

# ruff: noqa: E501 - rows are as wide as tools write them

import json
from pathlib import Path

_CASES = Path(__file__).parent / "who_said_what"
_SLACK = [
    {"type": "message", "subtype": "channel_join", "ts": "1935388800.000100", "user": "U02",
     "text": "<@U02> has joined the channel"},
    {"client_msg_id": "a1", "type": "message", "text": "How do you use your lamp, <@U02>?", "user": "U01",
     "ts": "1935388801.000200", "team": "T01", "user_profile": {"real_name": "Dana Whitlock", "display_name": "dana"}},
    {"client_msg_id": "a2", "type": "message", "text": "I read in bed &amp; cannot find the switch.", "user": "U02",
     "ts": "1935388900.000300", "team": "T01", "user_profile": {"real_name": "Omar Haddad", "display_name": ""}},
    {"client_msg_id": "a3", "type": "message", "text": "What else annoys you?", "user": "U01", "ts": "1935389000.000400"},
    {"client_msg_id": "a4", "type": "message", "text": "It never turns off alone.", "user": "U02", "ts": "1935389100.000500"},
    {"type": "message", "subtype": "bot_message", "text": "Reminder: stand-up in five minutes.", "username": "reminder",
     "bot_id": "B01", "ts": "1935389200.000600"},
]  # fmt: skip

_GONG = {
    "records": {"totalRecords": 1},
    "callTranscripts": [
        {
            "callId": "7782342274025937895",
            "transcript": [
                {"speakerId": speaker, "topic": None, "sentences": [{"start": start, "end": start + 900, "text": text}]}
                for speaker, start, text in (
                    ("6432345678555530067", 1_000, "How do you use your lamp at night?"),
                    ("1134345678555530099", 4_000, "I clip it to the book and it slips off."),
                    ("6432345678555530067", 9_000, "What would you change?"),
                    ("1134345678555530099", 12_000, "I would like a clip that holds on."),
                )
            ],
        }
    ],
}

Tool = tuple[str, str, tuple[str, ...], int, tuple[str, ...]]
"""File, text, participants, answers, words that must not be a participant's."""


def _case(name: str) -> str:
    return (_CASES / name).read_text(encoding="utf-8")


ONE, TWO = ("R1",), ("R1", "R2")
TOOLS: dict[str, Tool] = {
    "Trint (txt)": ("trint.txt", _case("handed/trint.txt"), ONE, 2, ("How do you use", "00:00")),
    "Rev (txt)": ("rev.txt", _case("unseen/rev_like.txt"), ONE, 2, ("How do you make", "00:0")),
    "Descript (txt)": ("descript.txt", _case("unseen/descript.txt"), ONE, 2, ("How do you make", "00:0")),
    "WhatsApp, iOS (txt)": (
        "_chat.txt",
        _case("unseen/whatsapp_us.txt").replace("\u200e", ""),
        ONE,
        2,
        ("end-to-end", "omitted", "How do you make"),
    ),
    "WhatsApp, Android, German (txt)": (
        "WhatsApp Chat mit Ravi.txt",
        _case("seen/whatsapp_android_de.txt"),
        ONE,
        2,
        ("verschlüsselt", "Medien", "Wie nutzt"),
    ),
    "Slack, workspace export (json)": (
        "2031-05-01.json",
        json.dumps(_SLACK),
        ONE,
        2,
        ("has joined", "How do you use", "U02", "Reminder"),
    ),
    "Discord, DiscordChatExporter (json)": ("discord.json", _case("unseen/isbot.json"), TWO, 2, ("Type /help",)),
    "Discord, DiscordChatExporter (txt)": (
        "discord.txt",
        _case("unseen/discord.txt"),
        ONE,
        2,
        ("How do you make", "Exported", "Guild"),
    ),
    "Gong, transcripts by API (json)": ("gong.json", json.dumps(_GONG), ONE, 2, ("How do you use", "5530067")),
    "YouTube, captions (sbv)": ("captions.sbv", _case("later/youtube_sbv.txt"), ONE, 2, ("How do you read", "0:00")),
    "Amazon Transcribe (json)": (
        "asrOutput.json",
        _case("handed/aws_transcribe.json"),
        ONE,
        2,
        ("How do you use", "spk_0"),
    ),
    "Amazon Contact Lens (json)": (
        "analysis.json",
        _case("seen/contact_lens.json"),
        ONE,
        2,
        ("Thank you for calling", "NEGATIVE"),
    ),
    "AssemblyAI (json)": ("transcript.json", _case("seen/assembly.json"), ONE, 2, ("Where do you sleep", "completed")),
    "Deepgram (json)": ("listen.json", _case("seen/deepgram.json"), ONE, 2, ("Where do you sleep",)),
    "Google Speech-to-Text (json)": ("recognize.json", _case("unseen/google.json"), ONE, 2, ("How do you make",)),
    "Azure Speech, batch (json)": (
        "contenturl_0.json",
        _case("seen/azure.json"),
        ONE,
        2,
        ("Where do you sleep", "Something else"),
    ),
    "Rev AI (json)": ("monologues.json", _case("unseen/revai.json"), ONE, 2, ("How do you make",)),
    "Speechmatics (json)": ("speechmatics.json", _case("unseen/speechmatics.json"), ONE, 2, ("How do you make",)),
    "Whisper (tsv)": ("talk.tsv", _case("handed/whisper.tsv"), ONE, 1, ("2400",)),
    "Whisper (json)": ("talk.json", _case("unseen/whisper.json"), ONE, 1, ("50364",)),
    "WhisperX (json)": ("whisperx.json", _case("seen/whisperx.json"), ONE, 2, ("Where do you sleep",)),
    "Taguette, highlights (csv)": ("taguette.csv", _case("seen/taguette.csv"), TWO, 3, ("pain",)),
    "MAXQDA, coded segments (csv)": ("segments.csv", _case("unseen/maxqda_en.csv"), TWO, 3, ("mira", "Noise")),
    "NVivo, references (csv)": ("references.csv", _case("seen/nvivo.csv"), TWO, 2, ("DW", "2.1%")),
    "ATLAS.ti, quotations (csv)": ("quotations.csv", _case("handed/atlas.csv"), TWO, 2, ("pain", "p 1")),
    "Dedoose, excerpts (csv)": ("excerpts.csv", _case("unseen/dedoose.csv"), TWO, 3, ("mira",)),
    "LimeSurvey (csv)": ("results-survey.csv", _case("handed/limesurvey.csv"), TWO, 2, ("12345",)),
    "KoBoToolbox (csv)": ("kobo.csv", _case("unseen/kobo2.csv"), TWO, 2, ("uuid", "enum1")),
    "Qualtrics, German (csv)": ("qualtrics_de.csv", _case("handed/qualtrics_de.csv"), TWO, 2, ("ImportId", "192.0.2")),
    "Jira (csv)": ("jira.csv", _case("handed/jira.csv"), TWO, 3, ("We will look",)),
    "Zendesk (csv)": ("zendesk.csv", _case("seen/zendesk.csv"), TWO, 2, ("send you a patch",)),
}
