const { JobQueue } = require('threadmill');
const { hello } = require('./hello.job.cjs');

const queue = new JobQueue({ jobs: [hello], logger: false });

queue
  .run(hello, { name: 'there' })
  .then((greeting) => console.log(`it works: ${greeting}`))
  .finally(() => queue.close());
