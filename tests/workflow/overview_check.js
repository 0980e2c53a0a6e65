// Sorts every table of a page by every column, and tells the test what it found.
const texts = (table, column) => [...table.tBodies[0].rows].map(row => row.cells[column].textContent.trim());
async function look() {
  const images = Array.from(document.images);
  await Promise.all(images.map(image => image.decode()));
  const found = { images: images.map(image => image.naturalWidth), tables: [] };
  found.headings = [...document.querySelectorAll("h2")].map(head => head.textContent);
  for (const table of document.querySelectorAll("table")) {
    const columns = [];
    for (const head of table.tHead.rows[0].cells) {
      const before = texts(table, head.cellIndex);
      head.click();
      const up = texts(table, head.cellIndex);
      head.click();
      columns.push({ name: head.textContent, before, up, down: texts(table, head.cellIndex) });
    }
    found.tables.push(columns);
  }
  return found;
}
look().then(found => ({ found }), error => ({ error: String(error) }))
  .then(result => fetch(LISTENER, { method: "POST", mode: "no-cors", body: JSON.stringify(result) }));
