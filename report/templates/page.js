"use strict";
const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
for (const script of document.querySelectorAll("script.specification")) {
  vegaEmbed("#" + script.dataset.chart, JSON.parse(script.textContent), {
    renderer: "svg",
    actions: false,
    tooltip: { theme: isDark ? "dark" : "light" },
  });
}
for (const select of document.querySelectorAll(".pick select")) {
  const show = () => {
    for (const body of document.getElementById(select.dataset.table).tBodies) {
      body.hidden = body.dataset.choice !== select.value;
    }
  };
  select.addEventListener("change", show);
  show();
}
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected: press Ctrl+C";
    }
  });
}
const SHOWN = 10;
const movies = JSON.parse(document.getElementById("find-movies").textContent);
const text = document.getElementById("find-text");
const find = () => {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = movies.filter(([title]) => words.every((word) => title.toLowerCase().includes(word)));
  const body = document.querySelector("#find-table tbody");
  body.replaceChildren(
    ...found.slice(0, SHOWN).map(([title, popularity, count, mean, score, rank]) => {
      const row = document.createElement("tr");
      const cells = [title, count.toLocaleString("en"), mean.toFixed(3), score?.toFixed(3) ?? "–", rank ?? "–", popularity];
      cells.forEach((value, column) => {
        const cell = row.insertCell();
        cell.textContent = value;
        cell.className = (column ? "number" : "") + (column === 5 ? " wide" : "");
      });
      return row;
    }),
  );
  document.getElementById("find-count").textContent =
    found.length > SHOWN ? `The first ${SHOWN} of ${found.length} movies` : `${found.length} movies`;
};
text.addEventListener("input", find);
find();
