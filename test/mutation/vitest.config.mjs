import config from '../../vitest.config.ts';

/** The order in which the runner names the test files: first those that may notice the fault soonest. */
class AsTold {
  shard(files) {
    return files;
  }

  sort(files) {
    const order = JSON.parse(process.env.MUTATION_ORDER ?? '[]');
    const place = ({ moduleId }) => order.findIndex((file) => moduleId.endsWith(file));
    return files.toSorted((a, b) => place(a) - place(b));
  }
}

export default { ...config, test: { ...config.test, maxWorkers: 1, testTimeout: 20_000, sequence: { sequencer: AsTold } } };
