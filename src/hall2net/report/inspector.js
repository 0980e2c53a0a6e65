// The loop inspector of hall2net: list and filters, plots, decisions. The data were written by
// inspector.py; uPlot draws axes, grid and zoom, this file the points.
"use strict";

const $ = id => document.getElementById(id);
const page = JSON.parse($("data").textContent);
const encoded = $("points").textContent;
const loops = page.loops;
const RISING = 1, FALLING = 2, USED = 4, LEFT_OUT = 8;
const SIGNS = { ok: "✓", flagged: "!", refused: "×" };
const BYTES = 17; // of a point: four float32 and its flags

function element(name, words = "", properties = {}) {
  const made = Object.assign(document.createElement(name), properties);
  made.textContent = words;
  return made;
}

// ---- data ----

// Points in the units of the plot. What was not fitted is NaN, and is not drawn.
function unpack(loop) {
  const view = page.views[loop.kind];
  const bytes = Uint8Array.from(atob(encoded.slice(loop.start, loop.end)), c => c.charCodeAt(0));
  const n = bytes.length / BYTES;
  const column = k => Array.from(new Float32Array(bytes.buffer, 4 * n * k, n));
  const [x, y, background, model] = [0, 1, 2, 3].map(column);
  const span = Math.max(...y) - Math.min(...y);
  const [unit, factor] = view.y_units.find(([, f]) => span * f >= 1) ?? view.y_units.at(-1);
  const scaled = values => values.map(value => (value + loop.origin) * factor);
  return {
    n, unit, factor,
    flags: bytes.slice(16 * n),
    x: x.map(value => value / view.x_factor),
    raw: scaled(y),
    background: scaled(background),
    model: scaled(model),
    corrected: y.map((value, k) => (value - background[k]) * factor),
    level: model.map((value, k) => (value - background[k]) * factor),
    residual: y.map((value, k) => (value - model[k]) * factor),
    noise: loop.noise === null ? NaN : loop.noise * factor,
  };
}

// ---- list and filters ----

const ROW = 46; // height of a row in pixels, as in the style
const counts = {};
for (const loop of loops) {
  counts[loop.status] = (counts[loop.status] ?? 0) + 1;
  const words = [loop.id, loop.sample, page.samples[loop.sample], loop.kind, page.views[loop.kind].words,
    loop.status, loop.reason, loop.conditions];
  loop.text = words.join(" ").toLowerCase().replaceAll("\u2212", "-");
}
let shown = [], place = 0;

function fillFilters() {
  const choices = (select, all, pairs) => {
    select.append(new Option(all, ""), ...pairs.map(([value, words]) => new Option(words, value)));
  };
  choices($("sample"), "all samples", Object.entries(page.samples));
  const kinds = Object.entries(page.views).filter(([kind]) => loops.some(loop => loop.kind === kind));
  choices($("kind"), "all kinds", kinds.map(([kind, view]) => [kind, `${kind}: ${view.words}`]));
  const order = [...new Set([...Object.keys(SIGNS), ...Object.keys(counts)])].filter(status => counts[status]);
  for (const status of order) {
    const chip = element("button", `${SIGNS[status] ?? "?"} ${status} ${counts[status]}`, { type: "button" });
    chip.dataset.status = status;
    chip.setAttribute("aria-pressed", "true");
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
      filter();
    });
    $("statuses").append(chip);
  }
  for (const id of ["search", "sample", "kind"]) $(id).addEventListener("input", filter);
  $("counts").textContent = `${loops.length.toLocaleString("en")} loops`;
}

function filter() {
  const words = $("search").value.toLowerCase().replaceAll("\u2212", "-").split(/\s+/).filter(Boolean);
  const [sample, kind] = [$("sample").value, $("kind").value];
  const pressed = [...$("statuses").children].filter(chip => chip.getAttribute("aria-pressed") === "true");
  const statuses = new Set(pressed.map(chip => chip.dataset.status));
  const before = shown[place];
  shown = loops.filter(loop => (!sample || loop.sample === sample) && (!kind || loop.kind === kind)
    && statuses.has(loop.status) && words.every(word => loop.text.includes(word)));
  $("shown").textContent = `${shown.length.toLocaleString("en")} of ${loops.length.toLocaleString("en")} shown`;
  $("list").replaceChildren(element("div", "", { style: `height: ${shown.length * ROW}px` }));
  select(Math.max(0, shown.indexOf(before)));
}

// Rows in sight alone are in the document: 10,000 loops scroll like ten.
function drawList() {
  const list = $("list");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 3);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 3);
  const rows = [list.firstChild];
  for (let k = first; k < last; k++) {
    const loop = shown[k];
    const row = element("div", "", { className: "row", id: `row-${k}`, title: loop.id });
    row.style.top = `${k * ROW}px`;
    row.dataset.sign = SIGNS[loop.status] ?? "?";
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", k === place);
    const decided = decisions.some(one => one.id === loop.id) ? " ✎" : "";
    row.append(element("div", loop.id + decided));
    row.append(element("div", `${page.samples[loop.sample]}, ${loop.conditions}`, { className: "quiet" }));
    row.addEventListener("click", () => { select(k); list.focus(); });
    rows.push(row);
  }
  list.replaceChildren(...rows);
  list.setAttribute("aria-activedescendant", `row-${place}`);
}

function select(k) {
  place = Math.min(Math.max(k, 0), Math.max(shown.length - 1, 0));
  const list = $("list"), top = place * ROW, room = list.clientHeight - ROW;
  if (Math.abs(top - list.scrollTop - room / 2) > 1.5 * room) list.scrollTop = top - room / 2;
  list.scrollTop = Math.min(Math.max(list.scrollTop, top - room), top);
  drawList();
  show(shown[place]);
}

// ---- one loop ----

let points = null, plots = [];

function show(loop) {
  document.querySelector("main").style.visibility = loop ? "visible" : "hidden";
  if (!loop) return;
  history.replaceState(null, "", `#${encodeURIComponent(loop.id)}`);
  $("name").textContent = loop.id;
  $("status").textContent = loop.status;
  $("status").className = `status ${loop.status.replace(" ", "-")}`;
  $("reason").textContent = loop.reason;
  const view = page.views[loop.kind];
  $("conditions").textContent =
    [`sample ${page.samples[loop.sample]}`, view.words, loop.conditions].filter(Boolean).join(" · ");
  showValues(loop, view);
  points = unpack(loop);
  showPlots(loop, view);
  showDecision(loop);
}

function showValues(loop, view) {
  const rows = loop.values.map(([value, interval], k) => {
    const [words, unit] = page.columns[view.table][k];
    const row = element("tr");
    const cell = element("td", value === "–" ? value : `${value} ${unit}`, { className: "value" });
    if (interval) cell.append(element("br"), element("small", interval));
    row.append(element("th", words), cell);
    return row;
  });
  $("values").replaceChildren(...rows);
}

// ---- plots ----

const COLOURS = { [RISING]: page.colours.rising, [FALLING]: page.colours.falling, 0: page.colours.other };
const FONT = "12px system-ui, sans-serif";
const number = value => String(+value.toPrecision(10)).replace("-", "\u2212");

function showPlots(loop, view) {
  for (const plot of plots) plot.destroy();
  plots = [];
  const fitted = points.background.some(Number.isFinite);
  const drawn = fitted
    ? { raw: `${view.y_words} (${points.unit})`, corrected: `${view.less_words} (${points.unit})`,
      residual: `residual (${points.unit})` }
    : { raw: `${view.y_words} (${points.unit})` };
  document.querySelector(".plots").classList.toggle("single", !fitted);
  for (const id of ["raw", "corrected", "residual"]) {
    $(id).replaceChildren();
    if (drawn[id]) plots.push(newPlot(id, drawn[id], loop, view, id === Object.keys(drawn).at(-1)));
  }
  if (!fitted) $("corrected").append(element("p", unfittedWords(loop)));
  $("legend").replaceChildren(...legend(fitted, loop, view));
  unhover(loop);
}

function unfittedWords(loop) {
  return loop.kind === "vsm_loop"
    ? "The loops of a sample are fitted together: the values are those of magnetometry.csv."
    : "This loop has no fit, so that no background can be drawn.";
}

function extent(values, log = false) {
  if (log) return extent(values.map(Math.log10)).map(value => 10 ** value);
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [-1, 1];
  const pad = 0.06 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - pad, high + pad];
}

function newPlot(id, words, loop, view, lowest) {
  const box = $(id);
  const axis = { stroke: "#1a1a1a", font: FONT, labelFont: FONT, labelSize: 18, labelGap: 0,
    grid: { stroke: "#eeeeee" }, ticks: { stroke: "#999999", size: 5 },
    // On a logarithmic axis uPlot takes the numbers between the powers away.
    values: (plot, splits) => splits.map(value => value === null ? "" : number(value)) };
  const axes = [{ ...axis, size: 24, label: lowest ? view.x_words : null }, { ...axis, size: 66, label: words }];
  if (view.x_top && id === "raw") {
    axes.push({ ...axis, scale: "x", side: 0, size: 24, grid: { show: false }, label: view.x_top,
      values: (plot, splits) => splits.map(value => number(value / 10)) });
  }
  const scale = { auto: false, range: (plot, low, high) => [low, high] };
  const plot = new uPlot({
    mode: 2, width: box.clientWidth, height: box.clientHeight, legend: { show: false }, axes,
    scales: { x: { ...scale, time: false, distr: view.x_log ? 3 : 1 }, y: scale },
    series: [{}, { facets: [{ scale: "x" }, { scale: "y" }], paths: () => null }],
    cursor: { points: { show: false }, drag: { x: true, y: true, uni: 20 }, bind: { dblclick: () => home } },
    hooks: {
      drawAxes: [plot => drawBelow(plot, id, loop)],
      draw: [plot => drawPoints(plot, id, view)],
      setScale: [(plot, key) => key === "x" && follow(plot)],
    },
  }, [null, [points.x, points[id]]], box);
  plot.id = id;
  plot.log = view.x_log;
  plot.dot = element("div", "", { className: "dot", hidden: true });
  plot.over.append(plot.dot);
  plot.over.addEventListener("mousemove", event => hover(plot, event, loop, view));
  plot.over.addEventListener("mouseleave", () => unhover(loop));
  toHome(plot);
  return plot;
}

function toHome(plot) {
  const [left, right] = extent(points.x, plot.log), [low, high] = extent(points[plot.id]);
  plot.batch(() => {
    plot.setScale("x", { min: left, max: right });
    plot.setScale("y", { min: low, max: high });
  });
}

const home = () => plots.forEach(toHome);

// The plots stand above each other: a zoom along x is one for all.
let following = false;
function follow(plot) {
  if (following) return;
  following = true;
  const { min, max } = plot.scales.x;
  for (const other of plots) if (other !== plot) other.setScale("x", { min, max });
  following = false;
}

// Runs `draw` with the canvas cut to the plot and pixels of its own size.
function within(plot, draw) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, value => plot.valToPos(value, "x", true), value => plot.valToPos(value, "y", true), uPlot.pxRatio);
  ctx.restore();
}

// Fitted positions with their 95 % intervals; zero and the noise of a point.
function drawBelow(plot, id, loop) {
  within(plot, (ctx, x, y, pixel) => {
    const { left, top, width, height } = plot.bbox;
    if (id === "residual" && points.noise > 0) {
      ctx.fillStyle = "#eeeeee";
      ctx.fillRect(left, y(points.noise), width, y(-points.noise) - y(points.noise));
    }
    if (id !== "raw") line(ctx, [[left, y(0)], [left + width, y(0)]], "#999999", pixel);
    for (const [branch, value, low, high] of id === "residual" ? [] : loop.marks) {
      ctx.fillStyle = COLOURS[branch] + "33";
      ctx.fillRect(x(low), top, x(high) - x(low), height);
      line(ctx, [[x(value), top], [x(value), top + height]], COLOURS[branch], 1.5 * pixel,
        branch === RISING ? [] : [6 * pixel, 4 * pixel]);
    }
  });
}

function line(ctx, places, colour, width, dash = []) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  let pen = false; // a gap in the data is a gap in the line
  for (const [x, y] of places) {
    if (Number.isFinite(x) && Number.isFinite(y)) pen ? ctx.lineTo(x, y) : ctx.moveTo(x, y);
    pen = Number.isFinite(x) && Number.isFinite(y);
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

function drawPoints(plot, id, view) {
  within(plot, (ctx, x, y, pixel) => {
    const values = points[id];
    const places = values.map((value, k) => [x(points.x[k]), y(value)]);
    // Two levels against one axis are two lines.
    const joined = places => places.flatMap((place, k) =>
      view.x_log && points.x[k] < points.x[k - 1] ? [[NaN, NaN], place] : [place]);
    if (id !== "residual") line(ctx, joined(places), "#bbbbbb", pixel);
    const size = (points.n > 500 ? 1.8 : 2.6) * pixel;
    places.forEach(([px, py], k) => {
      if (Number.isFinite(py)) symbol(ctx, px, py, size, points.flags[k], pixel);
    });
    for (const fit of { raw: [points.background, points.model], corrected: [points.level], residual: [] }[id]) {
      const curve = fit.map((value, k) => [x(points.x[k]), y(value)]);
      line(ctx, joined(curve), page.colours.fit, 2 * pixel);
    }
  });
}

// Rising: circle; falling: square; neither: triangle. Filled where the background was fitted to it.
function symbol(ctx, x, y, size, flags, pixel) {
  ctx.fillStyle = flags & USED ? COLOURS[flags & (RISING | FALLING)] : "#ffffff";
  ctx.strokeStyle = COLOURS[flags & (RISING | FALLING)];
  ctx.lineWidth = pixel;
  ctx.beginPath();
  if (flags & LEFT_OUT) {
    ctx.strokeStyle = "#000000";
    ctx.lineWidth = 2 * pixel;
    for (const side of [-1, 1]) {
      ctx.moveTo(x - 1.6 * size, y - side * 1.6 * size);
      ctx.lineTo(x + 1.6 * size, y + side * 1.6 * size);
    }
  } else if (flags & RISING) {
    ctx.arc(x, y, size, 0, 2 * Math.PI);
  } else if (flags & FALLING) {
    ctx.rect(x - 0.9 * size, y - 0.9 * size, 1.8 * size, 1.8 * size);
  } else {
    ctx.moveTo(x, y - 1.2 * size);
    ctx.lineTo(x + 1.1 * size, y + 0.8 * size);
    ctx.lineTo(x - 1.1 * size, y + 0.8 * size);
    ctx.closePath();
  }
  ctx.fill();
  ctx.stroke();
}

function legend(fitted, loop, view) {
  const [neither, rising, falling] = view.branches;
  const signs = [[RISING, rising], [FALLING, falling], [0, neither], [LEFT_OUT, "left out"]]
    .filter(([kind]) => points.flags.some(flags => (flags & ~USED) === kind || kind === LEFT_OUT && flags & kind))
    .map(([kind, words]) => [words, (ctx, pixel) => symbol(ctx, 9 * pixel, 6 * pixel, 3.2 * pixel, kind, pixel)]);
  if (fitted) {
    signs.push(["filled: fitted", (ctx, pixel) => {
      symbol(ctx, 5 * pixel, 6 * pixel, 3 * pixel, RISING | USED, pixel);
      symbol(ctx, 13 * pixel, 6 * pixel, 3 * pixel, FALLING | USED, pixel);
    }]);
    signs.push([view.x_log ? "line in the logarithm" : "fit: background and levels", (ctx, pixel) => line(ctx, [[0, 6 * pixel], [18 * pixel, 6 * pixel]], page.colours.fit, 2 * pixel)]);
  }
  if (loop.marks.length) {
    const colour = COLOURS[loop.marks[0][0]];
    signs.push([view.mark_words, (ctx, pixel) => {
      ctx.fillStyle = colour + "33";
      ctx.fillRect(3 * pixel, 0, 12 * pixel, 12 * pixel);
      line(ctx, [[9 * pixel, 0], [9 * pixel, 12 * pixel]], colour, 1.5 * pixel);
    }]);
  }
  return signs.map(([words, draw]) => {
    const item = element("span"), canvas = element("canvas", "", { width: 18 * uPlot.pxRatio, height: 12 * uPlot.pxRatio });
    draw(canvas.getContext("2d"), uPlot.pxRatio);
    item.append(canvas, words);
    return item;
  });
}

// ---- values under the pointer ----

const NEAR = 30; // pixels

function hover(plot, event, loop, view) {
  const box = plot.over.getBoundingClientRect();
  const [left, top] = [event.clientX - box.left, event.clientY - box.top];
  let nearest = -1, least = NEAR ** 2;
  points[plot.id].forEach((value, k) => {
    const distance = (plot.valToPos(points.x[k], "x") - left) ** 2 + (plot.valToPos(value, "y") - top) ** 2;
    if (distance < least) [nearest, least] = [k, distance];
  });
  if (nearest < 0) return unhover(loop);
  for (const each of plots) {
    const [x, y] = [points.x[nearest], points[each.id][nearest]];
    each.dot.hidden = !Number.isFinite(y);
    each.dot.style.left = `${each.valToPos(x, "x")}px`;
    each.dot.style.top = `${each.valToPos(y, "y")}px`;
  }
  $("readout").textContent = pointWords(nearest, view);
}

function unhover(loop) {
  for (const plot of plots) plot.dot.hidden = true;
  const thinned = loop.points > points.n
    ? `${points.n} of ${loop.points} points drawn: of each run of neighbours the smallest and the largest. ` : `${points.n} points. `;
  $("readout").textContent = `${thinned}Point at one for its values; drag to zoom, double-click to see all.`;
}

function pointWords(k, view) {
  const short = value => number(+value.toPrecision(5));
  const [, label, unit] = view.x_words.match(/^(.*?)(?: \((.*)\))?$/);
  const tesla = view.x_top ? ` = ${short(points.x[k] / 10)} mT` : "";
  const words = [[label, short(points.x[k]), unit].filter(Boolean).join(" ") + tesla,
    `${view.y_words} ${number(+points.raw[k].toPrecision(7))} ${points.unit}`];
  const branch = points.flags[k] & (RISING | FALLING);
  if (branch) words.unshift(view.branches[branch]);
  if (Number.isFinite(points.corrected[k])) words.push(`${view.less_words} ${short(points.corrected[k])} ${points.unit}`);
  if (Number.isFinite(points.residual[k])) {
    const sigmas = points.noise > 0 ? ` = ${short(+(points.residual[k] / points.noise).toPrecision(2))} σ` : "";
    words.push(`residual ${short(points.residual[k])} ${points.unit}${sigmas}`);
  }
  return words.join(" · ");
}

// ---- decisions ----

let decisions = page.decisions.map(one => ({ ...one }));
let saved = asCsv();

function asCsv() {
  const cell = text => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const more = ["who", "date"].filter(name => decisions.some(one => one[name]));
  const columns = ["id", "decision", "value", "reason", ...more];
  const rows = decisions.map(one => columns.map(name => cell(one[name] ?? "")).join(","));
  return [columns.join(","), ...rows].join("\n") + "\n";
}

function showDecision(loop) {
  const allowed = page.allowed[loop.kind];
  const options = Object.entries(allowed).map(([name, { words }]) => new Option(words, name));
  $("decision").replaceChildren(...options);
  $("why").value = "";
  const made = decisions.filter(one => one.id === loop.id);
  $("message").textContent = made.length
    ? `Decided: ${made.map(one => [one.decision, one.value].filter(Boolean).join(" ")).join("; ")}.` : "";
  showValue();
}

// The field that the chosen decision needs: none, a list, or a number.
function showValue() {
  const { values, range } = page.allowed[shown[place].kind][$("decision").value];
  const made = [];
  if (range) {
    made.push(element("input", "", { id: "value", type: "number", min: range[0], max: range[1], step: "any",
      placeholder: `${range[0]} to ${range[1]}` }));
  } else if (values.length) {
    const choice = element("select", "", { id: "value" });
    choice.append(...values.map(value => new Option(value, value)));
    made.push(choice);
  }
  for (const each of made) {
    each.style.width = "100%";
    each.setAttribute("aria-label", "value");
  }
  $("value-place").replaceChildren(...made);
}

function decide(event) {
  event.preventDefault();
  const id = shown[place].id, decision = $("decision").value, reason = $("why").value.trim();
  const value = $("value")?.value ?? "";
  const { range } = page.allowed[shown[place].kind][decision];
  if (range && !(value !== "" && +value > range[0] && +value <= range[1])) {
    $("message").textContent = `Value: a number above ${range[0]}, up to ${range[1]}.`;
    return $("value").focus();
  }
  if (!reason) {
    $("message").textContent = "Please write a reason.";
    return $("why").focus();
  }
  // A second decision of a kind on a loop takes the place of the first.
  decisions = decisions.filter(one => one.id !== id || one.decision !== decision);
  decisions.push({ id, decision, value, reason });
  decided();
}

function decided() {
  $("number").textContent = decisions.length;
  $("lines").value = asCsv();
  $("copied").textContent = "";
  const rows = decisions.map(one => {
    const row = element("tr"), name = element("td"), remove = element("button", "Remove", { type: "button" });
    const link = element("button", one.id, { type: "button" });
    link.disabled = !loops.some(loop => loop.id === one.id);
    link.addEventListener("click", () => { $("decisions").close(); open(one.id); });
    remove.addEventListener("click", () => { decisions = decisions.filter(other => other !== one); decided(); });
    name.append(link);
    const last = element("td");
    last.append(remove);
    row.append(name, element("td", one.decision), element("td", one.value), element("td", one.reason), last);
    return row;
  });
  $("made").replaceChildren(...(rows.length ? rows : [element("tr", "No decision yet.")]));
  if (shown.length) {
    drawList();
    showDecision(shown[place]);
  }
}

function download() {
  const link = element("a", "", { download: "decisions.csv" });
  link.href = URL.createObjectURL(new Blob([asCsv()], { type: "text/csv" }));
  link.click();
  URL.revokeObjectURL(link.href);
  saved = asCsv();
}

function copy() {
  $("lines").select();
  // Old, but allowed in every browser for a page opened as a file.
  $("copied").textContent = document.execCommand("copy") ? "Copied." : "Please copy the lines above by hand.";
  saved = asCsv();
}

// ---- keyboard ----

function open(id) {
  if (!shown.some(loop => loop.id === id)) {
    $("search").value = $("sample").value = $("kind").value = "";
    for (const chip of $("statuses").children) chip.setAttribute("aria-pressed", "true");
    filter();
  }
  select(Math.max(0, shown.findIndex(loop => loop.id === id)));
}

function key(event) {
  const target = document.activeElement;
  if ($("decisions").open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (target === $("search")) { $("search").value = ""; filter(); }
    return $("list").focus();
  }
  const typing = target.matches("select, input") && target !== $("search");
  if (typing) return;
  const searching = target === $("search");
  const screen = Math.max(1, Math.floor($("list").clientHeight / ROW) - 1);
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen };
  if (!searching) Object.assign(steps, { Home: -Infinity, End: Infinity, j: 1, k: -1 });
  if (event.key in steps) select(place + steps[event.key]);
  else if (event.key === "/" && !searching) $("search").select();
  else if (event.key === "Enter" && searching) $("list").focus();
  else return;
  event.preventDefault();
}

// ---- start ----

function begin() {
  fillFilters();
  $("list").addEventListener("scroll", drawList);
  document.addEventListener("keydown", key);
  new ResizeObserver(() => {
    drawList();
    for (const plot of plots) plot.setSize({ width: $(plot.id).clientWidth, height: $(plot.id).clientHeight });
  }).observe(document.body);
  $("decision").addEventListener("change", showValue);
  $("decide").addEventListener("submit", decide);
  $("open").addEventListener("click", () => $("decisions").showModal());
  $("close").addEventListener("click", () => $("decisions").close());
  $("download").addEventListener("click", download);
  $("copy").addEventListener("click", copy);
  window.addEventListener("beforeunload", event => { if (asCsv() !== saved) event.preventDefault(); });
  const wanted = decodeURIComponent(location.hash.slice(1));
  filter();
  decided();
  if (wanted) open(wanted);
  $("list").focus();
}

begin();
