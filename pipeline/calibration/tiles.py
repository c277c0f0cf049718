"""The figures of one threshold in words, the same on screen and in reports."""

from pipeline.calibration.board import Board
from pipeline.calibration.position import BadShare, Position
from pipeline.text.wording import MISSING, Tile, count, percent, usd


def threshold_tiles(board: Board, here: Position) -> tuple[Tile, ...]:
    """What stays local, the cost of one run, what is saved, bad local drafts, the chance to pass the budget."""
    mark = " (simulated)" if board.simulated else ""
    return (
        Tile("Stays local", percent(here.local_share), f"{here.local:,} of {count(here.drafts, 'draft')}"),
        Tile(f"Cost{mark}", cost_words(here), _cost_note(board, here), "Drafting and refining, nothing capped."),
        Tile(
            f"Saved{mark}",
            percent(here.saving.value) if here.saving else MISSING,
            _saving_note(board, here),
            "The interval is for drafts to come from the same source.",
        ),
        Tile(
            "Bad local drafts",
            percent(here.bad.estimate) if here.bad else MISSING,
            _bad_note(board, here),
            "Unacceptable drafts that stay local, as far as the labels show.",
        ),
        Tile(
            "Chance to pass the budget",
            MISSING if here.over_budget is None else percent(here.over_budget),
            _budget_note(board, here),
            "The last drafts would then stay unrefined.",
        ),
    )


def cost_words(here: Position) -> str:
    """What one run costs, without its mark; a dash where it is not known."""
    return MISSING if here.cost_micros is None else usd(round(here.cost_micros))


def bad_interval(bad: BadShare) -> str:
    """Interval, number and n of the share of bad local drafts."""
    return f"95 %: {percent(bad.low)} to {percent(bad.high)}; {bad.bad} bad, n = {bad.labels}"


def _cost_note(board: Board, here: Position) -> str:
    if here.cost_micros is None or here.cost_low_micros is None or here.cost_high_micros is None:
        return "not known for these drafts"
    size = f"one run of {board.terms.personas:,}"
    if here.cost_high_micros - here.cost_low_micros < 1:
        return f"{size}, all paid for"
    return f"{usd(round(here.cost_low_micros))} to {usd(round(here.cost_high_micros))}, {size}"


def _saving_note(board: Board, here: Position) -> str:
    if here.saving is None:
        return "needs two drafts and their cost"
    cases = board.pool.cases
    alone = float(cases.frontier_micros.sum()) * board.terms.personas / max(1, len(cases))
    interval = f"{percent(here.saving.low)} to {percent(here.saving.high)}"
    return f"against the frontier alone, {usd(round(alone), board.simulated)}; 95 %: {interval}"


def _bad_note(board: Board, here: Position) -> str:
    if here.bad is None:
        return "no label speaks of it"
    whole = "what stays local" if board.terms.promise.risk == "selective" else "everything delivered"
    return f"of {whole}; {bad_interval(here.bad)}"


def _budget_note(board: Board, here: Position) -> str:
    budget = board.terms.budget_micros
    if budget is None:
        return "no cap"
    if here.bought is None:
        return f"budget {usd(budget, board.simulated)}"
    order = board.terms.order.replace("_", " ")
    return f"{usd(budget, board.simulated)} buys {here.bought:,} of {here.escalated:,}, {order}"
