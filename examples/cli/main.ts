// Prints inputs, one JSON value a line.
for (let n = 0; n < 1_000; n++) console.log(JSON.stringify({ text: `number ${n}`, rounds: 10 }));
