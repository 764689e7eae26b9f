import { QueueClosedError, QueueFullError } from '../errors/errors.js';
import type { JobKind } from '../job/kind.js';
import type { Register } from '../job/register.js';
import type { Clock } from '../time/clock.js';
import { AdmissionLine, Patience } from './admission-line.js';
import type { Request, Takers } from './admission-request.js';
import { GroupAdmission } from './group-admission.js';

/** Whether there is room, and for whom. */
interface Limits {
  readonly maxWaiting: number;
  readonly maxWaitingBytes?: number | undefined;
  readonly whenFull: 'wait' | 'reject';
}

/**
 * Holds the number of waiting jobs at `maxWaiting`, and what they take at `maxWaitingBytes`: beyond it, adding waits in order of arrival, or is refused. Those that free
 * threads take at once do not count. Where groups have shares of it, adding waits for that first.
 */
export class Admission {
  readonly #max: number;
  readonly #maxBytes: number;
  readonly #whenFull: 'wait' | 'reject';
  readonly #register: Register;
  readonly #line: AdmissionLine;
  readonly #groups: GroupAdmission;
  #takers!: Takers;

  constructor({ maxWaiting, whenFull, maxWaitingBytes = Number.POSITIVE_INFINITY }: Limits, register: Register, clock: Clock) {
    this.#max = maxWaiting;
    this.#maxBytes = maxWaitingBytes;
    this.#whenFull = whenFull;
    this.#register = register;
    const patience = new Patience(clock);
    this.#line = new AdmissionLine(patience);
    this.#groups = new GroupAdmission(patience);
  }

  /** Who takes the jobs is made later. */
  takenBy(takers: Takers): void {
    this.#takers = takers;
    this.#groups.takenBy(takers);
  }

  /** Whether one more job of a definition may be added, whoever would take it: else {@link admit} says when. */
  hasRoom(kind: JobKind, bytes: number): boolean {
    return kind.shares === undefined && this.#line.isEmpty && this.#hasPlaces(1, bytes);
  }

  /**
   * Calls `accept` when there is room, and also when the request is left first: then it throws, or ends the jobs. Throws, or rejects,
   * with what it throws, with {@link QueueFullError} where the queue does not wait, and with {@link QueueClosedError} when it closes first.
   */
  admit<Accepted>(request: Request, accept: () => Accepted | Promise<Accepted>): Accepted | Promise<Accepted> {
    if (this.#whenFull === 'reject') {
      const error = this.#groups.full(request) ?? (this.#fits(request) ? undefined : this.#full(request));
      if (error !== undefined) throw error;
      return accept();
    }
    if (request.kind.shares === undefined) return this.#admit(request, accept);
    return this.#groups.claim(request, (release) =>
      this.#admit(request, () => {
        release();
        return accept();
      }),
    );
  }

  #admit<Accepted>(request: Request, accept: () => Accepted | Promise<Accepted>): Accepted | Promise<Accepted> {
    if (request.left || (this.#line.isEmpty && this.#fits(request))) return accept();
    return this.#line.join(request, () => this.#fits(request), accept);
  }

  /** Some room was made: lets in who waits, as far as it goes. `free`: threads are. */
  roomMade(free = false): void {
    this.#groups.roomMade(free);
    this.#line.roomMade();
  }

  close(): void {
    const errorOf = () => new QueueClosedError('the queue was closed before there was room for the job');
    this.#groups.close(errorOf);
    this.#line.close(errorOf);
  }

  /** More than ever fit may be added where there is room for one: nothing else may ever leave. */
  #fits(request: Request): boolean {
    const { kind, count, counts, bytes, delayed } = request;
    if (this.#hasPlaces(count, bytes)) return true;
    const { free, takeable } = this.#takers;
    const [group] = counts.size === 1 ? counts.keys() : [];
    const startable = delayed ? 0 : Math.max(0, Math.min(count, this.#takers.roomOf(kind, group)));
    const taken = Math.min(free, takeable + startable);
    if (count <= taken - takeable) return true;
    const room = this.#max - this.#register.waiting + taken;
    const bytesFit = bytes <= this.#maxBytes - this.#register.waitingBytes;
    if (this.#whenFull === 'reject') return count <= room && bytesFit;
    const alone = this.#register.waitingBytes === 0;
    return (count <= room || (count > this.#max && room > 0)) && (bytesFit || alone);
  }

  #hasPlaces(count: number, bytes: number): boolean {
    return count <= this.#max - this.#register.waiting && bytes <= this.#maxBytes - this.#register.waitingBytes;
  }

  #full({ kind, count, bytes }: Request): QueueFullError {
    const { waiting, waitingBytes } = this.#register;
    const what =
      bytes > this.#maxBytes - waitingBytes
        ? `what waits takes about ${waitingBytes} bytes, and ${bytes} more would be over maxWaitingBytes (${this.#maxBytes}). Add later, raise maxWaitingBytes`
        : `${waiting} jobs wait, and ${count} more would be over maxWaiting (${this.#max}). Add later, raise maxWaiting`;
    return new QueueFullError(`${what}, or use whenFull: "wait".`, this.#takers.waitOf(kind), { jobName: kind.definition.name });
  }
}
