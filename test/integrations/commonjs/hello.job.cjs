const { defineJob } = require('threadmill/job');
const { z } = require('zod');

const hello = defineJob({
  name: 'hello',
  module: __filename,
  input: z.object({ name: z.string() }),
  run: ({ name }) => `hello ${name}`,
});

module.exports = { hello };
