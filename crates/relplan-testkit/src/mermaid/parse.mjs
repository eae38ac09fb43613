// Reads a JSON array of texts and prints what Mermaid's parser makes of each.
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");

let input = "";
for await (const chunk of process.stdin) input += chunk;

// Between parsing and drawing Mermaid keeps `#35;` as `ﬂ°°35¶ß`, and hands it to the document as `&#35;`.
const shown = (text) => {
  const element = window.document.createElement("p");
  element.innerHTML = text.replace(/ﬂ°°/g, "&#").replace(/ﬂ°/g, "&").replace(/¶ß/g, ";");
  return element.children.length ? `HTML: ${element.innerHTML}` : element.textContent;
};

// The first text makes Mermaid load what it knows of kinds of diagrams.
await mermaid.parse("flowchart LR\n  a");

const answers = [];
for (const text of JSON.parse(input)) {
  try {
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    const groups = new Set(db.getSubGraphs().map((group) => group.id));
    answers.push({
      error: null,
      // A group at an arrow's end is among the boxes too.
      labels: [...db.getVertices().values()].filter((one) => !groups.has(one.id)).map((one) => shown(one.text)),
      edges: db.getEdges().map((edge) => [edge.start, edge.end]),
      groups: db.getSubGraphs().map((group) => [group.id, [...group.nodes].sort()]),
    });
  } catch (error) {
    answers.push({ error: String(error.message ?? error), labels: [], edges: [], groups: [] });
  }
}
console.log(JSON.stringify(answers));
