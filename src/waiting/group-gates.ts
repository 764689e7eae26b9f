import type { JobRecord } from '../job/record.js';
import { Gate, type Limit, type Limits, type Permit } from './gate.js';
import type { GroupKey } from './level.js';
import type { GateHost } from './rate-window.js';

/** The limits that hold for each group of a definition. A group that runs nothing, and is not rate-limited, costs nothing. */
export class GroupGates {
  readonly #limits: Limits;
  readonly #host: GateHost;
  readonly #released: (key: GroupKey) => void;
  readonly #gates = new Map<GroupKey, Gate>();

  /** `released` is called when a group may run that might not before. */
  constructor(limits: Limits, host: GateHost, released: (key: GroupKey) => void) {
    this.#limits = limits;
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
  enter(record: JobRecord): Permit {
    const { group } = record;
    let gate = this.#gates.get(group);
    if (gate === undefined) {
      gate = new Gate(this.#limits, this.#host, () => this.#opened(group));
      this.#gates.set(group, gate);
    }
    return gate.enter(record);
  }

  #opened(key: GroupKey): void {
    if (this.#gates.get(key)?.isIdle) this.#gates.delete(key);
    this.#released(key);
  }
}
