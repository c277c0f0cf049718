"""What a certificate allows to be said, in words. A sentence never promises more than its test."""

from pipeline.domain.labels import Promise
from pipeline.text.wording import count, percent

NONE_REACHES = "No draft has a score that could keep it local. Escalate everything."

NOT_RANDOM = (
    "A guarantee needs labels drawn at random, and these do not look so: the scores of labelled and unlabelled drafts"
    " differ beyond chance."
)

MADE_ELSEWHERE = (
    "These labels were made elsewhere and not drawn at random here: they show the score, and certify nothing."
)


def certified(promise: Promise, labels: int, accepted: int, bad: int, local: int, drafts: int, counted: bool) -> str:
    """The guarantee with what it rests on, and the other risk beside it.

    Args:
        promise: what holds.
        labels: that count.
        accepted: labelled drafts that stay local, at least 1.
        bad: unacceptable ones among them.
        local: drafts that stay local.
        drafts: in all.
        counted: whether every draft it speaks of is labelled, so that nothing is left to chance.
    """
    stays = f"{percent(local / drafts)} stay local."
    if counted:
        marginal = f"Of the {drafts:,} personas of this run {bad:,} are unacceptable local drafts"
        selective = f"Of the {local:,} drafts of this run that stay local {bad:,} are unacceptable"
        return f"{marginal if promise.risk == 'marginal' else selective}: all are labelled. {stays}"
    basis = f"(n = {count(labels, 'label')}, {bad:,} bad accepted)"
    beside = (
        f"Of the labelled drafts that stay local {bad:,} of {accepted:,} are unacceptable ({share(bad / accepted)})."
    )
    holds = f"With {share(promise.confidence)} confidence at most {share(promise.alpha)} of {_what(promise)}"
    return f"{holds} {basis}; {stays} {beside}"


def too_few(promise: Promise, labels: int, needed: int) -> str:
    """Not even flawless labels would do."""
    return (
        f"Too few labels: at least {needed} are needed to promise {share(promise.alpha)} with"
        f" {share(promise.confidence)} confidence, and there {'is' if labels == 1 else 'are'} {labels}."
        f" Label {needed - labels} more; until then escalate everything."
    )


def not_yet(promise: Promise, labels: int, needed: int | None) -> str:
    """The estimate is good enough, the labels are not."""
    more = (
        "The risk is so close to the limit that no practical number of labels would do: allow a larger one"
        if needed is None
        else f"About {needed:,} labels drawn in the same way would probably do, if the risk is what it looks like"
    )
    return (
        f"Not certifiable yet: {count(labels, 'label')} suggest a risk below {share(promise.alpha)}, but do not show it"
        f" with {share(promise.confidence)} confidence. {more}. Until then escalate everything."
    )


def too_weak(promise: Promise) -> str:
    """More labels will not help."""
    whole = "of everything" if promise.risk == "marginal" else "of the drafts that stay local"
    what = "would be unacceptable local drafts" if promise.risk == "marginal" else "would be unacceptable"
    return (
        f"The score is too weak for this promise: with {share(promise.confidence)} confidence more than"
        f" {share(promise.alpha)} {whole} {what} at every threshold that keeps 10 % or more local. Escalate everything,"
        " allow a larger risk, or improve the drafts."
    )


def unsupported(promise: Promise) -> str:
    """The labels do not even suggest that a threshold could keep the promise."""
    return (
        f"Escalate everything: at every threshold that keeps 10 % or more local, the labels suggest a risk of"
        f" {share(promise.alpha)} or more, or hold no acceptable draft. Allow a larger risk, or improve the drafts."
    )


def share(fraction: float) -> str:
    """A share in per cent, with the digits that a chosen risk needs: `10 %`, `2.5 %`."""
    return f"{100 * fraction:.3g} %"


def _what(promise: Promise) -> str:
    match promise.scope, promise.risk:
        case "this_run", "marginal":
            return "the personas of this run are unacceptable local drafts"
        case "this_run", _:
            return "the drafts of this run that stay local are unacceptable"
        case _, "marginal":
            return "the personas from this setup would be unacceptable local drafts"
    return "the drafts that this setup keeps local would be unacceptable"
