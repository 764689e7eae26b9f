// The guide's tests for vitest; those for node:test run with the other examples.
import '../../examples/testing/with-vitest.js';
