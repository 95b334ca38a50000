// Renders every case of standard input (a JSON list) with liquidjs and writes
// what came out, in the same order, to standard output.
'use strict';

const { Liquid } = require('liquidjs');

const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const engines = new Map();

function engine(zone, snippets) {
  if (snippets) return new Liquid({ timezoneOffset: zone, locale: 'en-US', strictFilters: true, templates: snippets });
  if (!engines.has(zone)) engines.set(zone, new Liquid({ timezoneOffset: zone, locale: 'en-US', strictFilters: true }));
  return engines.get(zone);
}

const results = cases.map(({ template, data, zone, snippets }) => {
  try {
    return { text: engine(zone || 'UTC', snippets).parseAndRenderSync(template, {}, { globals: data || {} }) };
  } catch (e) {
    return { error: String(e.message) };
  }
});
process.stdout.write(JSON.stringify(results));
