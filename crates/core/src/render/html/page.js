
'use strict';
// Filter: hide findings that do not hold the words typed.
const filter = document.querySelector('.filter');
if (filter) {
  filter.hidden = false;
  const all = [...document.querySelectorAll('.finding')];
  const told = filter.querySelector('output');
  filter.querySelector('input').addEventListener('input', (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const finding of all) {
      const text = finding.textContent.toLowerCase();
      finding.hidden = !words.every((word) => text.includes(word));
      shown += finding.hidden ? 0 : 1;
    }
    told.textContent = words.length ? `${shown} of ${all.length}` : '';
  });
}
// Sort: a click on a heading orders the table by that column, a second one the other way round.
for (const table of document.querySelectorAll('.sortable')) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement('button');
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener('click', () => {
      const rising = heading.getAttribute('aria-sort') !== 'ascending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      heading.setAttribute('aria-sort', rising ? 'ascending' : 'descending');
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const order = (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true });
      const rows = [...body.rows].sort(order);
      body.replaceChildren(...(rising ? rows : rows.reverse()));
    });
  });
}
