/** One job answers, and one that never ends is killed. Closes the queue; gives what was seen, or throws. */
export async function check(queue, { hello, spin }) {
  const greeting = await queue.run(hello, { name: 'there' });
  if (greeting !== 'hello there') throw new Error(`another answer: ${greeting}`);
  const error = await queue.run(spin, {}).catch((reason) => reason);
  if (error?.code !== 'ERR_TIMEOUT') throw new Error('the loop was not killed', { cause: error });
  if ((await queue.run(hello, { name: 'again' })) !== 'hello again') throw new Error('no answer after a kill');
  await queue.close();
  return `it works; a loop: ${error.message}`;
}
