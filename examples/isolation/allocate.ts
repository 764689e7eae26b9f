/** Runs in a process of its own: one allocation that is far too large for its limit, or a small one. */
const items = Number(process.argv[2]);
const numbers = Array.from({ length: items }, () => 1.5);
console.log(numbers.length);
