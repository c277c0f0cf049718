"""Saved comparisons: save with a title and notes, list, link, delete."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from pages.parts import access, ui
from pages.parts.copy_link import copy_link
from pipeline.domain.comparison import LETTERS, Comparison
from pipeline.domain.run import RunRecord
from pipeline.errors import PersonaError
from pipeline.text.wording import count, escape_markdown, label


def comparison_of_address() -> Comparison | None:
    """Return the saved comparison that the address names; `None` when it names none.

    Raises:
        StoreError: it is not in this database.
    """
    asked = st.query_params.get("comparison")
    return ui.services().store.comparison(asked) if asked else None


def list_saved() -> None:
    """List all saved comparisons, newest first."""
    saved = ui.services().store.comparisons()
    if not saved:
        return
    st.header("Saved comparisons", anchor=False)
    for one in saved:
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            if st.button(
                escape_markdown(label(one.title, 80)), type="tertiary", icon=":material/compare_arrows:", key=one.id
            ):
                st.query_params.from_dict({"comparison": one.id})
                st.rerun()
            st.caption(f"{count(len(one.run_ids), 'run')} · saved {ui.when(one.created_at)}", width="content")


def save_form(runs: Sequence[RunRecord], saved: Comparison | None) -> None:
    """Draw the form for title, note and annotations; saving opens the link of the comparison."""
    if access.is_viewer():
        return
    kept = saved.id if saved else ""
    with st.popover("Edit" if saved else "Save", icon=":material/bookmark:"):
        with st.form(f"save {kept}", border=False):
            title = st.text_input("Title", saved.title if saved else "", max_chars=200, key=f"title {kept}")
            note = st.text_area(
                "Note for readers of the link", saved.note if saved else "", max_chars=4000, key=f"note {kept}"
            )
            annotations = {
                run.id: st.text_input(
                    f"About {letter} · {escape_markdown(label(run.name, 40))}",
                    saved.annotations.get(run.id, "") if saved else "",
                    max_chars=300,
                    key=f"about {run.id} {kept}",
                )
                for letter, run in zip(LETTERS, runs, strict=False)
            }
            if st.form_submit_button("Save", type="primary"):
                _save(title or "", note or "", {key: text or "" for key, text in annotations.items()}, runs, saved)
        if saved and st.button("Delete this comparison", icon=":material/delete:", help="The runs stay."):
            ui.services().store.delete_comparison(saved.id)
            st.query_params.clear()
            st.rerun()


def _save(
    title: str, note: str, annotations: dict[str, str], runs: Sequence[RunRecord], saved: Comparison | None
) -> None:
    if not title.strip():
        st.caption("Type a title: readers see it first.")
        return
    try:
        kept = ui.services().store.save_comparison(
            title.strip(),
            [run.id for run in runs],
            datetime.now(UTC),
            note=note.strip(),
            annotations=annotations,
            comparison_id=saved.id if saved else None,
        )
    except PersonaError as error:
        ui.problem(error)
        return
    st.query_params.from_dict({"comparison": kept})
    st.rerun()


def link_of_comparison(runs: Sequence[RunRecord], saved: Comparison | None) -> None:
    """Draw the button that copies the address of this comparison; a saved one shows its title and note."""
    copy_link({"comparison": saved.id} if saved else {"runs": ",".join(run.id for run in runs)}, key="copy link")
