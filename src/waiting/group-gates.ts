import type { JobRecord } from '../job/record.js';
import { Gate, isLimit, type Limit, type Limits, type Permit } from './gate.js';
import type { GroupKey } from './level.js';
import type { GateHost } from './rate-window.js';

/**
 * What holds for each group of a definition: its limits, and what a handler of it has said. A group that runs nothing, and is not
 * rate-limited, costs nothing.
 */
export class GroupGates {
  readonly #limits: Limits;
  readonly #isLimit: boolean;
  readonly #host: GateHost;
  readonly #released: (key: GroupKey) => void;
  readonly #gates = new Map<GroupKey, Gate>();

  /** `released` is called when a group may run that might not before. */
  constructor(limits: Limits, host: GateHost, released: (key: GroupKey) => void) {
    this.#limits = limits;
    this.#isLimit = isLimit(limits);
    this.#host = host;
    this.#released = released;
  }

  heldBy(key: GroupKey): Limit | undefined {
    return this.#gates.get(key)?.heldBy;
  }

  isHeld(key: GroupKey): boolean {
    return this.heldBy(key) !== undefined;
  }

  /** A permit for a job that starts now; only where its group is not held. */
  enter(record: JobRecord): Permit | undefined {
    return this.#isLimit ? this.of(record.group).enter(record) : undefined;
  }

  /** The gate of a group. */
  of(key: GroupKey): Gate {
    let gate = this.#gates.get(key);
    if (gate === undefined) {
      gate = new Gate(this.#limits, this.#host, () => this.#opened(key));
      this.#gates.set(key, gate);
    }
    return gate;
  }

  /** Its gate as it is now, which a group that nothing holds does not keep. */
  peek(key: GroupKey): Gate {
    return this.#gates.get(key) ?? new Gate(this.#limits, this.#host, () => {});
  }

  #opened(key: GroupKey): void {
    if (this.#gates.get(key)?.isIdle) this.#gates.delete(key);
    this.#released(key);
  }
}
