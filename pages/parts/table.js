// Draws what pages/parts/table.py hands over. Text is only ever set as text: names come from files and models.

/** State of each table: its marks, the number of changes made here, and the data drawn. */
const shown = new WeakMap();
const SVG = "http://www.w3.org/2000/svg";
const MARK_PX = 40;
const ROW_PX = 36;
const LEFT_PX = 136;

export default function ({ data, key, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".persona-table");
  const state = shown.get(box) ?? { marked: [], turn: data.turn };
  shown.set(box, state);

  const head = JSON.stringify([data.columns, data.several, data.alt, data.tallest]);
  const rows = JSON.stringify(data.rows);
  const isNew = state.head !== head || state.rows !== rows;
  if (state.head !== head) drawHead(box, data);
  if (isNew) drawRows(box, data, key);
  Object.assign(state, { head, rows });
  for (const cell of box.querySelectorAll("thead th[data-orders]")) {
    const at = JSON.parse(cell.dataset.orders).indexOf(data.order);
    cell.ariaSort = at < 0 ? "none" : data.descending.includes(data.order) ? "descending" : "ascending";
  }
  // A slow server may answer an earlier mark: later marks win.
  if (data.turn >= state.turn) state.marked = data.marked;
  showMarks(box, state.marked);
  if (isNew) reveal(box);

  const mark = ids => {
    state.marked = ids;
    state.turn += 1;
    showMarks(box, ids);
    setTriggerValue("marked", { ids, turn: state.turn });
  };
  box.onclick = event => {
    const row = event.target.closest("tr");
    const input = row?.querySelector("input");
    const orders = event.target.closest("thead th[data-orders]")?.dataset.orders;
    if (orders) {
      // The other direction on a second click, where there is one.
      const [first, second] = JSON.parse(orders);
      setTriggerValue("sorted", data.order === first ? (second ?? first) : first);
      return;
    }
    if (!input) return;
    if (data.opens && row.closest("tbody") && !event.target.closest("td:first-child")) {
      if (getSelection().type !== "Range") setTriggerValue("opened", input.value);
      return;
    }
    if (event.target !== input) {
      // Not while text is selected, and not for the header, which has one mark for all.
      if (row.closest("tbody") && getSelection().type !== "Range") input.click();
      return;
    }
    const ids = input.value ? [input.value] : inputs(box).map(one => one.value);
    const others = data.several ? state.marked.filter(id => !ids.includes(id)) : [];
    // A second click unmarks a row, which a radio button cannot do by itself.
    const on = data.several ? input.checked : !state.marked.includes(input.value);
    mark(on ? [...others, ...ids] : others);
  };
  // Browsers do not uncheck a radio button.
  box.onkeydown = event => {
    if (event.key !== " " || data.several || !event.target.checked) return;
    event.preventDefault();
    mark([]);
  };
  // A tooltip shows cut text in full.
  box.onmouseover = ({ target }) => {
    if (target.closest("tbody") && target.matches("th, td") && target.scrollWidth > target.clientWidth)
      target.title = target.textContent;
  };
}

const inputs = box => [...box.querySelectorAll("tbody input")];

function showMarks(box, marked) {
  const all = inputs(box);
  for (const input of all) input.checked = marked.includes(input.value);
  const every = box.querySelector("thead input");
  if (!every) return;
  const count = all.filter(input => input.checked).length;
  every.checked = count > 0 && count === all.length;
  every.indeterminate = count > 0 && count < all.length;
}

/** Scrolls a mark that was not made here into view, without scrolling the page. */
function reveal(box) {
  const row = box.querySelector("tbody :checked")?.closest("tr");
  const below = row && row.offsetTop + row.offsetHeight - box.clientHeight;
  if (row && (below > box.scrollTop || row.offsetTop - ROW_PX < box.scrollTop)) box.scrollTop = Math.max(0, below);
}

function drawHead(box, { columns, several, alt, tallest }) {
  const table = box.firstElementChild;
  table.setAttribute("aria-label", alt);
  const widths = [MARK_PX, ...columns.map(column => column.width)];
  table.style.minWidth = `${widths.reduce((sum, width) => sum + (width ?? LEFT_PX), 0)}px`;
  box.style.setProperty("--tallest", tallest ? `${(tallest + 1.5) * ROW_PX}px` : "none");
  table.querySelector("colgroup").replaceChildren(
    ...widths.map(width => {
      const col = document.createElement("col");
      if (width) col.style.width = `${width}px`;
      return col;
    }),
  );
  const row = document.createElement("tr");
  row.append(several ? markCell("th", "checkbox", "Mark all on this page", "") : document.createElement("td"));
  for (const { title, help, is_number, orders } of columns) {
    const cell = textCell("th", orders.length ? "" : title, is_number);
    if (orders.length) {
      cell.dataset.orders = JSON.stringify(orders);
      cell.append(button(title));
    }
    cell.scope = "col";
    if (help) cell.title = help;
    row.append(cell);
  }
  table.tHead.replaceChildren(row);
}

function button(text) {
  const drawn = document.createElement("button");
  drawn.type = "button";
  drawn.textContent = text;
  return drawn;
}

function drawRows(box, { columns, rows, several, opens }, key) {
  const held = box.contains(document.activeElement) ? document.activeElement.value : null;
  const drawn = rows.map(({ id, name, cells }) => {
    const row = document.createElement("tr");
    row.append(markCell("td", several ? "checkbox" : "radio", `${several ? "Mark" : "Choose"} ${name}`, id, key));
    cells.forEach((cell, at) => {
      const kind = at ? "td" : "th";
      row.append(cell.values ? barsCell(cell) : textCell(kind, cell, columns[at].is_number));
      if (!at) row.lastElementChild.scope = "row";
      if (!at && opens) row.lastElementChild.replaceChildren(button(cell));
    });
    return row;
  });
  box.querySelector("tbody").replaceChildren(...drawn);
  box.scrollTop = 0;
  if (held) inputs(box).find(input => input.value === held)?.focus();
}

function markCell(kind, type, name, value, group = "") {
  const cell = document.createElement(kind);
  const input = document.createElement("input");
  Object.assign(input, { type, value, name: group });
  input.setAttribute("aria-label", name);
  cell.append(input);
  return cell;
}

function textCell(kind, text, isNumber) {
  const cell = document.createElement(kind);
  cell.textContent = text;
  if (isNumber) cell.className = "number";
  return cell;
}

function barsCell({ values, words }) {
  const cell = document.createElement("td");
  const svg = cell.appendChild(document.createElementNS(SVG, "svg"));
  const most = Math.max(...values);
  const bar = (value, at) => (value ? `M${at * 5} 24v${-Math.max(1, (24 * value) / most)}h4V24z` : "");
  svg.setAttribute("viewBox", `0 0 ${values.length * 5} 24`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  svg.appendChild(document.createElementNS(SVG, "path")).setAttribute("d", values.map(bar).join(""));
  cell.title = words;
  return cell;
}
