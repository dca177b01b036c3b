/** The time axis: works per span of years, with a brush and two fields for the keyboard. */

import { h } from "./dom.js";

const d3 = window.d3;
const [WIDTH, HEIGHT, BOTTOM] = [240, 64, 16];
const BARS = 40;

export function timeline(app) {
  const { data, state, filters } = app;
  const { min, max } = data.manifest.years;
  const x = d3
    .scaleLinear()
    .domain([min, max + 1])
    .range([0, WIDTH]);
  const svg = d3
    .create("svg")
    .attr("viewBox", `0 0 ${WIDTH} ${HEIGHT + BOTTOM}`)
    .attr("class", "timeline")
    .attr("aria-hidden", "true");
  const bars = svg.append("g");
  svg
    .append("g")
    .attr("class", "axis")
    .attr("transform", `translate(0,${HEIGHT})`)
    .call(d3.axisBottom(x).ticks(4).tickFormat(d3.format("d")).tickSizeOuter(0).tickSize(3));
  const [from, to] = ["from", "to"].map((key) => field(key, min, max, state));
  const brush = d3
    .brushX()
    .extent([
      [0, 0],
      [WIDTH, HEIGHT],
    ])
    .on("end", (event) => brushed(event, x, state, min, max));
  const area = svg.append("g").attr("class", "brush").call(brush);
  const update = () => {
    const { values } = state;
    draw(bars, data, filters, x, min, max);
    from.value = values.from ?? "";
    to.value = values.to ?? "";
    const open = values.from === null && values.to === null;
    area.call(brush.move, open ? null : [x(Math.max(min, values.from ?? min)), x(Math.min(max, values.to ?? max) + 1)]);
  };
  filters.on(update);
  update();
  const undated = data.years.reduce((sum, year) => sum + (year === -32768 ? 1 : 0), 0);
  return h(
    "fieldset",
    { class: "years" },
    h("legend", { text: "Year" }),
    svg.node(),
    h("div", { class: "span" }, h("label", {}, "from ", from), h("label", {}, "to ", to)),
    undated ? h("p", { class: "more", text: `${undated.toLocaleString("en")} without a year` }) : null,
  );
}

function field(key, min, max, state) {
  return h("input", {
    type: "number",
    min,
    max,
    placeholder: key === "from" ? min : max,
    id: `year-${key}`,
    onchange: (event) => state.set({ [key]: event.target.value === "" ? null : Math.round(+event.target.value) }),
  });
}

function brushed(event, x, state, min, max) {
  if (!event.sourceEvent) return;
  if (!event.selection) return state.set({ from: null, to: null });
  const [from, to] = event.selection.map(x.invert);
  return state.set({ from: Math.max(min, Math.round(from)), to: Math.min(max, Math.round(to) - 1) });
}

function draw(bars, data, filters, x, min, max) {
  const width = Math.max(1, Math.ceil((max - min + 1) / BARS));
  const count = Math.ceil((max - min + 1) / width);
  const [all, here] = [new Uint32Array(count), new Uint32Array(count)];
  for (let row = 0; row < data.n; row++) {
    const year = data.years[row];
    if (year === -32768) continue;
    const bar = Math.min(count - 1, Math.floor((year - min) / width));
    all[bar] += 1;
    if (filters.beforeYears[row]) here[bar] += 1;
  }
  const y = d3
    .scaleSqrt()
    .domain([0, d3.max(all) || 1])
    .range([0, HEIGHT]);
  const both = [...all].map((value, i) => [i, value, "all"]).concat([...here].map((value, i) => [i, value, "here"]));
  bars
    .selectAll("rect")
    .data(both)
    .join("rect")
    .attr("class", (bar) => bar[2])
    .attr("x", (bar) => x(min + bar[0] * width) + 0.5)
    .attr("width", Math.max(1, x(min + width) - x(min) - 1))
    .attr("y", (bar) => HEIGHT - y(bar[1]))
    .attr("height", (bar) => y(bar[1]));
}
