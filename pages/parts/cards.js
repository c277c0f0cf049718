// Draws the cards of personas. All text comes from studies and models: it is only ever set as text.

const SIGNS = { supported: "✓", weak: "~", not_found: "✗", unscored: "–" };
const HELP = {
  score:
    "From 0 to 1, computed on this machine. Faithfulness: how well the study supports the claims, the weakest " +
    "weighing most; it compares words and can miss a reversed meaning. Coherence: no rule finds a " +
    "contradiction or a repetition. Completeness: the expected parts are there. The score is not a probability.",
  simulated: "Refined by an offline stand-in: its text is rewritten from the evidence, and nothing was charged.",
  score_action: "What each part of the score found, and what lowered it.",
  edited: "People changed this text after the run. Before and after shows what; the outcome is still that of the run.",
  edit: "Change words, claims, sources and people, with the support recomputed.",
  poster: "One landscape page, to show or to print. Opens in any browser.",
  copy: "The persona as Markdown.",
  compare: "The draft beside the frontier's text, or the delivered text beside the edited one.",
};
const TYPING = "input, textarea, select, [contenteditable], [role='combobox'], [role='slider'], [role='dialog']";
const SKIPPED = "Ctrl Alt Meta".split(" ");

/** Per element: the cards drawn in it, and how to report a button press to Python; kept between redraws. */
const drawn = new WeakMap();

/** Makes an element with a class and content; empty content is left out. */
function make(tag, name, ...content) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...content.filter((part) => part !== "" && part !== null && part !== undefined));
  return node;
}

/** Adds a tooltip, also for screen readers. */
function withHelp(node, words) {
  node.title = words;
  node.setAttribute("aria-description", words);
  return node;
}

function hidden(sign) {
  const node = make("span", "sign", sign);
  node.setAttribute("aria-hidden", "true");
  return node;
}

function part({ name, value, fraction }) {
  const bar = make("span", "bar");
  bar.style.setProperty("--full", `${100 * fraction}%`);
  return make("li", "", make("span", "", `${name} `, make("strong", "", value)), bar);
}

function turn({ speaker, text }) {
  return make("p", "turn", `${speaker}: ${text}`);
}

function source({ before, speaker, words: [first, marked, rest], after, place }) {
  const quote = make("p", "", make("strong", "", `${speaker}: `), first, first && " ");
  if (marked) quote.append(make("mark", "", marked), rest && ` ${rest}`);
  return make("blockquote", "", ...before.map(turn), quote, ...after.map(turn), make("footer", "", place));
}

function saying({ who, at, words }) {
  return make("li", "", make("strong", "", at ? `${who}, ${at}` : who), words && `: ${words}`);
}

function claim(found, quotes) {
  const text = make("span", "text", quotes ? `“${found.text}”` : found.text);
  if (found.people) text.append(" ", make("span", "people", found.people));
  if (found.pinned) text.append(" ", make("span", "word", "pinned"));
  for (const tag of found.tags) text.append(" ", make("span", "word", `#${tag}`));
  if (found.word) text.append(" ", make("span", "word", found.word));
  else text.append(make("span", "unseen", ` (${found.mark})`));
  const summary = make("summary", "", hidden(SIGNS[found.mark]), text);
  const inside = make("div", "inside", ...found.said.map((words) => make("p", "note", words)));
  if (found.supporters.length) inside.append(make("ul", "sayings", ...found.supporters.map(saying)));
  if (found.source) inside.append(source(found.source));
  return make("details", `claim ${found.mark}`, summary, inside);
}

function group({ title, quotes, claims }) {
  return make("section", "group", make("h4", "", title), ...claims.map((found) => claim(found, quotes)));
}

function badges(card) {
  const origin = card.origin === "local" ? make("span", "badge local", "local draft") : make("span", "badge frontier", "frontier");
  const simulated = card.simulated ? withHelp(make("span", "badge simulated", "simulated"), HELP.simulated) : null;
  const edited = card.edited ? withHelp(make("span", "badge", card.edited), HELP.edited) : null;
  const tags = card.tags.map((tag) => make("span", "badge", `#${tag}`));
  return make("p", "badges", origin, simulated, withHelp(make("span", "badge", card.outcome), card.reason), edited, ...tags);
}

function button(label, action, card, help) {
  const node = withHelp(make("button", "", label), help);
  node.type = "button";
  node.dataset.action = action;
  node.setAttribute("aria-label", `${label}: ${card.name}`);
  return node;
}

function actions(card) {
  return make(
    "p",
    "actions",
    button("Score explained", "score", card, HELP.score_action),
    card.compared ? button("Before and after", "compare", card, HELP.compare) : null,
    button("Poster", "poster", card, HELP.poster),
    button("Copy", "copy", card, HELP.copy),
    card.editable ? button("Edit", "edit", card, HELP.edit) : null,
  );
}

function strong({ mark, text, people }) {
  return make("li", mark, hidden(SIGNS[mark]), make("span", "", text, people && " ", people && make("span", "people", people)));
}

/** What is seen of a card before it is opened. */
function front(card, title) {
  const dial = withHelp(make("p", "dial", make("span", "", "Score "), make("strong", "", card.score)), HELP.score);
  const who = make(
    "div",
    "",
    make("header", "", make("div", "", title, make("p", "note", card.who)), dial),
    card.tagline ? make("p", "tagline", card.tagline) : null,
    card.people ? make("p", "note", card.people) : null,
    badges(card),
  );
  const list = make("ul", "strong", ...card.strongest.map(strong));
  list.setAttribute("aria-label", "Strongest claims");
  return make("div", "front", who, card.strongest.length ? list : null);
}

/** Everything else, folded away. */
function whole(card) {
  const marks = card.marks.map(([mark, count, word]) => make("span", `count ${mark}`, hidden(SIGNS[mark]), ` ${count} ${word}`));
  const inside = make(
    "div",
    "all",
    make("ul", "parts", ...card.parts.map(part)),
    card.background ? make("p", "", card.background) : null,
    make("div", "groups", ...card.groups.map(group)),
    card.notes.length ? make("h4", "", "Notes") : null,
    card.notes.length ? make("ul", "findings", ...card.notes.map((text) => make("li", "", text))) : null,
    card.findings.length ? make("h4", "", "To look at") : null,
    card.findings.length ? make("ul", "findings", ...card.findings.map((text) => make("li", "", text))) : null,
    make("p", "note foot", card.foot),
  );
  return make("details", "whole", make("summary", "", make("span", "marks", make("span", "", card.size), ...marks)), inside);
}

function article(card, number) {
  const title = make("h3", "", card.name);
  title.id = `persona-${number}`;
  const node = make("article", "", front(card, title), whole(card), actions(card));
  node.dataset.draft = card.id;
  node.tabIndex = -1;
  node.setAttribute("aria-labelledby", title.id);
  return node;
}

/** Handles j and k: moves to the next or previous card, unless the user is typing or a dialog is open. */
function step(event, root) {
  const forward = { j: 1, k: -1 }[event.key];
  const typing = event.composedPath()[0];
  const busy = typing.closest?.(TYPING) || document.querySelector("[role='dialog']");
  if (!forward || busy || SKIPPED.some((key) => event.getModifierState(key)) || event.metaKey) return;
  const cards = [...root.querySelectorAll("article")];
  const here = cards.indexOf(root.getRootNode().activeElement?.closest("article"));
  const next = cards[here < 0 ? 0 : here + forward];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "start" });
}

let dialogWatch;

/** Gives the focus back to a button when the dialog that it opened has closed. */
function returnFocus(button) {
  let opened = false;
  dialogWatch?.disconnect();
  dialogWatch = new MutationObserver(() => {
    if (document.querySelector("[role='dialog']")) opened = true;
    else if (opened) {
      dialogWatch.disconnect();
      if (document.activeElement === document.body) button.focus();
    }
  });
  dialogWatch.observe(document.body, { childList: true, subtree: true });
}

/** On paper, cards are open. */
function printed(root) {
  const closed = [...root.querySelectorAll(".whole:not([open])")];
  closed.forEach((card) => (card.open = true));
  window.addEventListener("afterprint", () => closed.forEach((card) => (card.open = false)), { once: true });
}

function listen(root, tell) {
  const pressed = (event) => {
    const button = event.target.closest("button");
    if (!button?.dataset.action) return;
    returnFocus(button);
    tell(button.dataset.action, button.closest("article").dataset.draft);
  };
  const keyed = (event) => step(event, root);
  const prints = () => printed(root);
  window.addEventListener("beforeprint", prints);
  root.addEventListener("click", pressed);
  document.addEventListener("keydown", keyed);
  return () => {
    window.removeEventListener("beforeprint", prints);
    root.removeEventListener("click", pressed);
    document.removeEventListener("keydown", keyed);
    drawn.delete(root);
  };
}

export default function drawCards({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cards");
  const kept = drawn.get(root) ?? {};
  if (!kept.leave) {
    kept.leave = listen(root, (action, draft) => kept.tell("action", { action, draft }));
    drawn.set(root, kept);
  }
  kept.tell = setTriggerValue;
  // A change of theme calls this too: open claims stay open.
  if (kept.cards !== data) root.replaceChildren(...data.map(article));
  kept.cards = data;
  return kept.leave;
}
