from pipeline.results.export import payload_document, persona_markdown
from tests.factories import make_call, make_draft, make_final, make_persona, make_run


def test_payloads_leave_word_for_word_and_only_where_something_was_sent():
    sent = make_call(1).model_copy(update={"payload": '{"prompt": "é"}'})
    run = make_run([0.9], extra_calls=[make_call(0), sent])
    (document,) = payload_document(run)
    assert (document["id"], document["payload"]) == ("draft-001.refine.2", '{"prompt": "é"}')


def test_a_copied_persona_says_when_its_text_is_simulated():
    refined = make_final(make_draft(0, 0.4), "refined", refined=0.8)
    kept = make_final(make_draft(0, 0.8), "kept_local")
    assert persona_markdown(refined, simulated=True).startswith("## Refined 1 (simulated)")
    assert persona_markdown(refined).startswith("## Refined 1\n")
    assert persona_markdown(kept, simulated=True).startswith("## Persona 1\n")


def test_markup_in_a_copied_persona_stays_text():
    final = make_final(make_draft(0, 0.8), "kept_local")
    final = final.model_copy(update={"persona": make_persona(name="<b>[x](y)</b>", goals=("# not a heading",))})
    text = persona_markdown(final)
    assert "## \\<b\\>" in text
    assert "- \\# not a heading" in text
