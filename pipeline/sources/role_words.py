"""Words for interviewers and participants, in the languages of common exports.

One list per language, lower case, with the gendered forms that are in use. `labels` matches them; extend them here.
"""

# ruff: noqa: E501 - lists of words

import re

_ASKS = {
    "en": "interviewer, moderator, facilitator, researcher, host, question, questioner, q, int, mod, i, ux, uxr, prompt,"
    " assistant, agent, support, system, bot, chatbot, consultant, advisor, helpdesk, company, supervisor",
    "de": "interviewerin, interviewende, interviewführer, moderatorin, moderation, forscher, forscherin, befrager,"
    " befragerin, gesprächsleiter, gesprächsleiterin, frage, versuchsleiter, versuchsleiterin, berater, kundendienst",
    "fr": "enquêteur, enquêtrice, enquêteuse, intervieweur, intervieweuse, modérateur, modératrice, animateur,"
    " animatrice, chercheur, chercheuse, facilitateur, facilitatrice, conseiller, conseillère",
    "es": "entrevistador, entrevistadora, moderador, moderadora, investigador, investigadora, encuestador,"
    " encuestadora, facilitador, facilitadora, pregunta, agente, soporte, asistente",
    "pt": "pesquisador, pesquisadora, mediador, mediadora, pergunta, inquiridor, inquiridora, atendente, suporte",
    "it": "intervistatore, intervistatrice, moderatore, moderatrice, ricercatore, ricercatrice, facilitatore,"
    " facilitatrice, domanda, conduttore, conduttrice, operatore, assistenza",
    "nl": "interviewster, onderzoeker, onderzoekster, gespreksleider, gespreksleidster, vraag, vragensteller,"
    " medewerker",
    "sv": "intervjuare, intervjuaren, moderatorn, forskare, forskaren, samtalsledare, fråga",
    "da": "interviewerens, forsker, forskeren, ordstyrer, spørgsmål, spørger",
    "no": "intervjuer, intervjueren, forskeren, ordstyreren",
    "fi": "haastattelija, tutkija, moderaattori, kysymys, kysyjä",
    "pl": "badacz, badaczka, moderatorka, ankieter, ankieterka, prowadzący, prowadząca, pytanie, wywiadowca, konsultant",
    "cs": "tazatel, tazatelka, moderátor, moderátorka, výzkumník, výzkumnice, otázka",
    "sk": "výskumník, výskumníčka, anketár, anketárka",
    "hu": "kérdező, interjúkészítő, moderátorok, kutató, kérdés",
    "ro": "intervievator, intervievatoare, moderatoare, cercetător, cercetătoare, operator de interviu, întrebare",
    "el": "συνεντευκτής, συνεντεύκτρια, συντονιστής, συντονίστρια, ερευνητής, ερευνήτρια, ερώτηση",
    "tr": "görüşmeci, mülakatçı, araştırmacı, moderatör, kolaylaştırıcı, soru, anketör",
    "ru": "интервьюер, модератор, исследователь, исследовательница, ведущий, ведущая, вопрос, оператор, поддержка",
    "uk": "інтерв'юер, інтервʼюер, інтерв’юер, інтервюер, дослідник, дослідниця, ведуча, питання, запитання",
    "bg": "интервюиращ, интервюиращият, изследовател, водещ, въпрос",
    "ar": "المحاور, محاور, المحاورة, الباحث, باحث, الباحثة, المقابل, الميسر, المشرف, سؤال, س",
    "fa": "مصاحبه‌کننده, مصاحبهکننده, مصاحبه گر, مصاحبه‌گر, مصاحبهگر, پژوهشگر, محقق, سوال",
    "he": "מראיין, מראיינת, המראיין, המראיינת, חוקר, חוקרת, מנחה, שאלה",
    "hi": "साक्षात्कारकर्ता, शोधकर्ता, मॉडरेटर, संचालक, प्रश्न, प्रश्नकर्ता",
    "bn": "সাক্ষাৎকারগ্রহীতা, গবেষক, প্রশ্ন",
    "ja": "インタビュアー, インタビューアー, インタビュワー, 聞き手, 質問者, 司会, 司会者, 調査者, 調査員, 研究者, モデレーター,"
    " モデレータ, ファシリテーター, 面接者, 質問, 問",
    "zh": "访谈者, 采访者, 访问者, 访员, 主持人, 研究者, 研究员, 提问者, 问, 訪談者, 採訪者, 訪問者, 訪員, 主持, 研究員, 提問者, 問,"
    " 采访人, 访谈人, 记者, 客服",
    "ko": "면접자, 인터뷰어, 진행자, 연구자, 연구원, 질문자, 조사자, 면담자, 사회자, 모더레이터, 질문, 문, 상담원",
    "vi": "người phỏng vấn, phỏng vấn viên, nghiên cứu viên, điều phối viên, người điều phối, người hỏi",
    "id": "pewawancara, peneliti, pemandu, fasilitator, pertanyaan",
    "th": "ผู้สัมภาษณ์, ผู้วิจัย, นักวิจัย, ผู้ดำเนินรายการ, พิธีกร, คำถาม",
    "sw": "mhoji, mtafiti, msimamizi, swali",
}  # fmt: skip

_ANSWERS = {
    "en": "participant, respondent, interviewee, user, customer, client, lead, visitor, contact, guest, subject,"
    " answer, a, r, caller, human, me, self, patient, student, informant, narrator, entry, answerer, end user",
    "de": "befragte, befragter, befragte person, interviewte, interviewter, interviewpartner, interviewpartnerin,"
    " teilnehmer, teilnehmerin, teilnehmende, proband, probandin, antwort, kunde, kundin, nutzer, nutzerin,"
    " versuchsperson, testperson, b",
    "fr": "enquêté, enquêtée, interviewé, interviewée, participante, répondant, répondante, réponse, utilisateur,"
    " utilisatrice, cliente, sujet",
    "es": "entrevistado, entrevistada, respuesta, usuario, usuaria, encuestado, encuestada, informante, cliente",
    "pt": "participante, respondente, resposta, usuário, usuária, utilizador, utilizadora, inquirido, inquirida",
    "it": "intervistato, intervistata, partecipante, rispondente, risposta, utente",
    "nl": "geïnterviewde, deelnemer, deelneemster, respondente, antwoord, gebruiker, klant, ondervraagde",
    "sv": "intervjuperson, intervjupersonen, intervjuad, deltagare, deltagaren, respondenten, svar, informanten, kund",
    "da": "interviewperson, informant, deltager, deltageren, kunde",
    "no": "intervjuobjekt, informanten, deltakeren, deltaker",
    "fi": "haastateltava, osallistuja, vastaaja, vastaus, asiakas",
    "pl": "rozmówca, rozmówczyni, uczestnik, uczestniczka, respondentka, odpowiedź, badany, badana, klient, klientka",
    "cs": "dotazovaný, dotazovaná, účastník, účastnice, odpověď, zákazník",
    "sk": "účastníčka, odpoveď, opýtaný, opýtaná",
    "hu": "interjúalany, résztvevő, válaszadó, válasz",
    "ro": "intervievat, intervievată, participantă, respondentă, răspuns",
    "el": "συμμετέχων, συμμετέχουσα, ερωτώμενος, ερωτώμενη, απάντηση, συνεντευξιαζόμενος, συνεντευξιαζόμενη",
    "tr": "katılımcı, görüşülen, görüşülen kişi, cevap, yanıt, kullanıcı, müşteri",
    "ru": "респондент, респондентка, участник, участница, информант, информантка, интервьюируемый, интервьюируемая,"
    " ответ, опрашиваемый, клиент, пользователь, собеседник",
    "uk": "респондентка, учасник, учасниця, відповідь, інтерв'юйований, опитуваний",
    "bg": "интервюиран, участничка, отговор",
    "ar": "المشارك, مشارك, المشاركة, مشاركة, المستجيب, المبحوث, المستجوب, الضيف, جواب, إجابة, ج",
    "fa": "مصاحبه‌شونده, مصاحبهشونده, مصاحبه شونده, شرکت‌کننده, شرکتکننده, پاسخگو, پاسخ",
    "he": "מרואיין, מרואיינת, המרואיין, המרואיינת, משתתף, משתתפת, נשאל, תשובה",
    "hi": "प्रतिभागी, उत्तरदाता, साक्षात्कारदाता, उत्तर",
    "bn": "উত্তরদাতা, অংশগ্রহণকারী, উত্তর",
    "ja": "回答者, 参加者, 話し手, 被験者, 協力者, 調査協力者, インタビュイー, 対象者, 回答, 答, 答え, 面接対象者",
    "zh": "受访者, 被访者, 被采访者, 参与者, 回答者, 答, 受訪者, 被訪者, 參與者, 回答, 受试者, 用户, 顾客, 客户, 被访谈者, 受访人",
    "ko": "참가자, 참여자, 응답자, 인터뷰이, 피면접자, 연구참여자, 답변, 답, 고객, 사용자, 면담대상자",
    "vi": "người được phỏng vấn, người tham gia, người trả lời, đáp viên",
    "id": "partisipan, responden, narasumber, peserta, jawaban, informan",
    "th": "ผู้ให้สัมภาษณ์, ผู้ถูกสัมภาษณ์, ผู้เข้าร่วม, ผู้ตอบ, คำตอบ",
    "sw": "mhojiwa, mshiriki, jibu",
}  # fmt: skip

_VOICES = (
    "speaker, person, voice, guest, female, male, man, woman, spk, spkr, unknown, unknown speaker, sprecher, sprecherin,"
    " locuteur, locutrice, intervenant, intervenante, hablante, interlocutor, locutor, orador, falante, parlante,"
    " relatore, spreker, talare, taler, puhuja, mówca, mówczyni, řečník, mluvčí, beszélő, vorbitor, ομιλητής, konuşmacı,"
    " спикер, говорящий, собеседник, мовець, говорител, المتحدث, متحدث, گوینده, דובר, דוברת, वक्ता, スピーカー, 話者, 发言人,"
    " 发言者, 說話人, 说话人, 發言者, 話者, 화자, 발언자, 스피커, người nói, pembicara, ผู้พูด, msemaji, channel, ch"
)
"""Generic words for a speaker without a role; usually with a number."""

_NOT_LETTERS = re.compile(r"[\W\d_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(_plain(word) for word in text.split(","))


def _plain(text: str) -> str:
    """Lower case, with single spaces for signs and digits, which number a label or end it."""
    return " ".join(_NOT_LETTERS.sub(" ", text.casefold()).split())


ASKERS = frozenset().union(*map(_words, _ASKS.values()))
ANSWERERS = frozenset().union(*map(_words, _ANSWERS.values())) - ASKERS
VOICES = _words(_VOICES)
MODERATORS = ASKERS - _words(
    "i, q, int, mod, question, consultant, advisor, system, company, prompt, host, ux, س, 问, 問, 문"
)
"""Words for the one who asks that mean nothing else beside a name: `Dana (moderator)`."""
QUESTION_HEADS = _words(
    "prompt, question, diary prompt, diary question, frage, aufgabe des tages, question du jour, consigne, pregunta,"
    " consigna, pergunta, domanda, vraag, fråga, spørgsmål, spørsmål, kysymys, pytanie, otázka, kérdés, întrebare, ερώτηση,"
    " soru, вопрос, питання, سؤال, שאלה, प्रश्न, 質問, 设问, 问题, 問題, 질문, câu hỏi, pertanyaan, คำถาม, swali"
)
"""Words before a printed question, such as one of a diary or a form."""


def asks(label: str) -> bool:
    """Return whether a label is only a word for the interviewer, with or without a number."""
    return _plain(label) in ASKERS


def answers(label: str) -> bool:
    """Return whether a label is only a word for the participant, with or without a number."""
    return _plain(label) in ANSWERERS


def is_voice(label: str) -> bool:
    """Return whether a label is a generic word for a speaker: `Speaker 1`, `SPEAKER_00`, `Спикер №1`."""
    return _plain(label) in VOICES


def moderates(text: str) -> bool:
    """Return whether a description holds a word used only for an interviewer: `moderator`, `study facilitator`."""
    plain = _plain(text)
    return plain in MODERATORS or any(word in MODERATORS for word in plain.split() if len(word) > 3)


def is_question_head(label: str) -> bool:
    """Return whether a label opens a question that is printed rather than spoken: `Prompt`, `Question 3`."""
    return _plain(label) in QUESTION_HEADS
