// Opens Snakemake's own report: run times, rule graph, and one figure with the job that made it.
const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));
async function until(what, test) {
  for (let turn = 0; turn < 6000; turn++) {
    const value = test();
    if (value) return value;
    await pause(20);
  }
  throw new Error(`waited in vain for ${what}: ${document.querySelector("#app").innerText.slice(0, 500)}`);
}
const link = words => [...document.querySelectorAll("#app a, #app li")]
  .filter(each => each.textContent.trim() === words).pop();

async function look() {
  for (const words of ["Statistics", "Workflow"]) {
    (await until(words, () => link(words))).click();
    await until(`drawing of ${words}`, () => document.querySelector("#app svg.marks, #app canvas"));
  }
  const category = Object.keys(categories).find(name => name.endsWith("Hall loops"));
  app.setView({ navbarMode: "menu" });
  (await until(category, () => link(category))).click();
  const row = await until("row", () => document.querySelector("#app tbody tr"));
  row.querySelectorAll("a")[1].click();
  const text = await until("description", () => document.querySelector("#app li.prose"));
  return { categories: Object.keys(categories), caption: text.textContent };
}
look().then(found => ({ found }), error => ({ error: String(error) }))
  .then(result => fetch(LISTENER, { method: "POST", mode: "no-cors", body: JSON.stringify(result) }));
