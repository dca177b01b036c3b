// DVC writes one box per plot, in an order of its own and without a word. This script sorts the boxes into sections,
// adds headings, descriptions and the list of contents, and draws the plots of data so that they fit the window.

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function slug(text) {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

// The name of a box: the path of a picture, or DVC's id of a plot of data.
function nameOf(box) {
  return box.querySelector("img") ? box.querySelector("p").textContent : box.id;
}

function belongs(name, plot) {
  return name === plot.id || name === plot.box || name.startsWith(`${plot.id}/`);
}

// Pictures of one box as figures: DVC gives a revision and an image each.
function figures(box, title) {
  const images = [...box.querySelectorAll("img")];
  const file = nameOf(box).split("/").pop();
  return images.map((image) => {
    const revision = image.parentElement.querySelector("p").textContent;
    image.alt = `${title}: ${file}, revision ${revision}`;
    const caption = element("figcaption", {}, `${file}, `, element("span", { className: "revision" }, revision));
    caption.lastChild.dataset.revision = revision;
    const link = element("a", { href: image.src, title: "Open in full size" }, image);
    const figure = element("figure", {}, caption, link);
    const fit = () => figure.classList.toggle("wide", image.naturalWidth > 1.3 * image.naturalHeight);
    image.complete ? fit() : image.addEventListener("load", fit);
    return figure;
  });
}

function article(plot, boxes) {
  const made = element("article", { id: `plot-${slug(plot.title)}` }, element("h3", {}, plot.title));
  if (plot.text) made.append(element("p", { className: "text" }, plot.text));
  const drawings = boxes.filter((box) => !box.querySelector("img"));
  const pictures = boxes.flatMap((box) => figures(box, plot.title));
  if (pictures.length) made.append(element("div", { className: "pictures" }, ...pictures));
  made.append(...drawings.map((box) => element("div", { className: "drawing" }, box)));
  return made;
}

// Sections of the user's own collections: their plots in the words of the sample's, and what has no words by its path.
// DVC puts the file of a plot of data before its name where two collections have one of that name.
function ofCollections(names, known) {
  const paths = names.map((id) => id.match(/^collections\/([^/]+)\/plots\/(.+)$/)).filter(Boolean);
  const collections = [...new Set(paths.map(([, name]) => name))];
  return collections.map((name) => {
    const file = collections.length > 1 ? `collections_${name}_dvc_yaml__` : "";
    const described = known.map(({ id, box, title, text }) => ({
      id: `collections/${name}/${id}`, box: `${file}collection__${box}`, title: `${name}: ${title}`, text,
    }));
    const others = paths.filter(([, owner]) => owner === name)
      .map(([id, , path]) => ({ id, title: `${name}: ${path}` }));
    return { title: `Collection ${name}`, plots: [...described, ...others] };
  });
}

function arrange(groups) {
  const left = new Set(document.querySelectorAll("#boxes > div"));
  const contents = element("ul");
  const add = (group) => {
    const articles = [];
    for (const plot of group.plots) {
      const boxes = [...left].filter((box) => belongs(nameOf(box), plot));
      boxes.forEach((box) => left.delete(box));
      if (boxes.length) articles.push(article(plot, boxes));
    }
    if (!articles.length) return;
    const section = element("section", { id: slug(group.title) }, element("h2", {}, group.title));
    if (group.text) section.append(element("p", {}, group.text));
    section.append(...articles);
    document.getElementById("plots").append(section);
    const links = articles.map((one) =>
      element("li", {}, element("a", { href: `#${one.id}` }, one.querySelector("h3").textContent)));
    contents.append(element("li", {}, element("a", { href: `#${section.id}` }, group.title), element("ul", {}, ...links)));
  };
  groups.forEach(add);
  const names = [...left].map(nameOf);
  ofCollections(names, groups.flatMap((group) => group.plots)).forEach(add);
  add({ title: "Other plots", plots: names.map((name) => ({ id: name, title: name })) });
  document.getElementById("contents").append(contents);
  document.getElementById("boxes").remove();
}

// All objects inside a specification that map revisions to colours.
function revisionScales(part) {
  if (!part || typeof part !== "object") return [];
  const own = part.field === "rev" && part.scale?.range ? [part] : [];
  return own.concat(...Object.entries(part).filter(([key]) => key !== "data").map(([, value]) => revisionScales(value)));
}

function listRevisions(specs) {
  const colours = new Map(specs.flatMap(revisionScales)
    .flatMap(({ scale }) => scale.domain.map((revision, i) => [revision, scale.range[i]])));
  const captions = [...document.querySelectorAll("figcaption .revision")];
  const names = new Set([...colours.keys(), ...captions.map((one) => one.dataset.revision)]);
  const marks = [...names].map((name) => element("span", { className: "revision" }, name));
  for (const mark of [...marks, ...captions]) mark.style.setProperty("--colour", colours.get(mark.textContent) ?? "");
  document.getElementById("revisions").append(names.size > 1 ? "Revisions:" : "Revision:", ...marks);
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => style.getPropertyValue(name).trim());
  const words = { labelColor: ink, titleColor: ink };
  return {
    background: "transparent", view: { stroke: line }, text: { color: ink }, header: words, legend: words,
    axis: { ...words, gridColor: line, domainColor: soft, tickColor: soft },
  };
}

// Draw with as many panels side by side as fit; a single one that is too wide is scaled down by the style sheet.
async function draw(embed, selector, spec) {
  const box = document.querySelector(selector);
  if (!Object.keys(spec).length) { // all that DVC writes for a table without rows
    box.replaceChildren(element("p", { className: "text" }, "Nothing to draw: the table of this plot has no rows."));
    return;
  }
  const { $schema, title, ...rest } = spec; // the page has headings, and a newer Vega-Lite than the specification names
  revisionScales(rest).forEach((scale) => { scale.title = "revision"; });
  const actions = { export: true, source: false, compiled: false, editor: false };
  const options = { mode: "vega-lite", renderer: "svg", actions, config: theme() };
  for (let columns = rest.columns ?? 1; columns > 0; columns--) {
    await embed(box, rest.columns ? { ...rest, columns } : rest, options);
    const svg = box.querySelector("svg.marks");
    if (svg.viewBox.baseVal.width <= box.parentElement.clientWidth) break;
  }
}

async function drawAll(embed) {
  listRevisions(window.kept.map(([, spec]) => spec));
  const all = () => Promise.all(window.kept.map(([selector, spec]) => draw(embed, selector, spec)));
  await all();
  if (location.hash) document.querySelector(location.hash)?.scrollIntoView();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  document.body.dataset.drawn = "yes";
}
