/** A greeting for `name`. */
export function greeting(name) {
  return `Hello, ${name}!`;
}
