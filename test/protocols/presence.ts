import { Timestamp } from '@google-cloud/firestore';
import { cleanStaleSessions } from '../../functions/clean-stale-sessions/task.ts';
import { logOut } from '../../shared/domains/presence/sign-out.ts';
import { listStatuses } from '../../shared/domains/presence/statuses.ts';
import { logIn, ping, type Visitor } from '../../shared/domains/presence/visitor.ts';
import type { Protocol, Trial } from './explorer.ts';
import { ModelRedis, type RedisMutation } from './model/redis.ts';
import type { Mutate } from './mutate.ts';
import type { Scheduler } from './scheduler.ts';
import { MINUTE_MS, START, Stage } from './stage.ts';

const USER = 'users/U';
const THRESHOLD_MS = 15 * MINUTE_MS;
const STALE = { minutes: 30 };

/** Two open sessions of one user: the first may log out, the second stays; a third may log in. */
const SESSIONS = ['first', 'second', 'third'] as const;
type Session = (typeof SESSIONS)[number];

/** How many of each party take part, and what a mutant leaves out. */
export interface PresenceCast {
  sweeps: number;
  /** Pings of the second session. */
  pings: number;
  /** Pings of the first session, beside its logout. */
  lastPings: number;
  logouts: number;
  logins: number;
  mutate?: Mutate;
  redis?: RedisMutation;
}

const NOBODY: PresenceCast = { sweeps: 0, pings: 0, lastPings: 0, logouts: 0, logins: 0 };

/** A user whose browsers have been silent for 31 minutes, and come back, sign in and sign out beside a sweep. */
class PresenceTrial implements Trial {
  readonly #stage: Stage;
  readonly #redis: ModelRedis;
  readonly #cast: PresenceCast;
  readonly #broken: string[] = [];
  readonly #confirmed = new Set<Session>();
  #isRedisWhole = true;
  #isLoggedOut = false;
  #swept = 0;
  #offline = 0;
  #activity = 0;
  #wasOnline = true;

  constructor(scheduler: Scheduler, cast: PresenceCast) {
    this.#cast = cast;
    this.#stage = new Stage(scheduler, cast.mutate);
    this.#stage.model.onCommit = () => this.#look();
    const arrange: ConstructorParameters<typeof ModelRedis>[0] = async (label, ends) => {
      const end = await scheduler.stop(label, ends);
      if (end === 'ok') return end;
      this.#isRedisWhole = false;
      this.#stage.faults += 1;
      return end;
    };
    this.#redis = new ModelRedis(arrange, () => this.#stage.now, cast.redis);
  }

  async open(): Promise<void> {
    const at = (minutes: number) => Timestamp.fromMillis(START - minutes * MINUTE_MS);
    const user = { role: 'user', is_online: true, last_activity_at: at(31), logged_out_at: null };
    const login = { user_id: 'U', login_at: at(60), logout_at: null };
    await this.#stage.seed({
      [USER]: user,
      'login_history/first': { ...login, session_id: 'first' },
      'login_history/second': { ...login, session_id: 'second' },
    });
    const { sweeps, pings, lastPings, logouts, logins } = this.#cast;
    this.#startAll('sweep', sweeps, () => this.#sweep());
    this.#startAll('ping', pings, () => this.#ping('second'));
    this.#startAll('last ping', lastPings, () => this.#ping('first'));
    this.#startAll('logout', logouts, async () => {
      await logOut(await this.#arrive('first'), THRESHOLD_MS);
      this.#isLoggedOut = true;
    });
    this.#startAll('login', logins, async () => {
      if ((await logIn(await this.#arrive('third'))) === 'open') this.#confirmed.add('third');
    });
  }

  /** Open browsers go on pinging, the closed one tries it too; then all are silent, and the next sweep comes. */
  async recover(): Promise<void> {
    const staying = SESSIONS.filter((session) => session !== 'first' && this.#confirmed.has(session));
    const flagged = () => this.#stage.model.read(USER)?.fields['is_online']?.booleanValue;
    if (this.#cast.logouts === 0 && this.#confirmed.size > 0) {
      if ((await this.#status()) !== 'online')
        this.#broken.push('a user with a confirmed sign of life is not online');
      if (this.#stage.faults === 0 && !flagged())
        this.#broken.push('a user with a confirmed sign of life is not flagged online');
    }
    for (const minutes of [1, 6]) {
      this.#stage.now += minutes * MINUTE_MS;
      if (this.#isLoggedOut && (minutes > 1 || this.#isRedisWhole)) await this.#expectRefused();
      for (const session of staying)
        if ((await ping(this.#visitor(session), THRESHOLD_MS)) !== 'open')
          this.#broken.push(`the ${session} session was open, and is refused`);
      if (staying.length > 0 && (await this.#status()) !== 'online')
        this.#broken.push(`a user who pings is not online after ${minutes} minutes`);
    }
    if (staying.length > 0 && !flagged()) this.#broken.push('a user who pings is not flagged online');
    this.#stage.now += 61 * MINUTE_MS;
    await this.#sweep();
    if (flagged()) this.#broken.push('a silent user stays flagged online');
    if ((await this.#status()) !== 'offline') this.#broken.push('a silent user is not offline');
  }

  findBroken(): string[] {
    const broken = [...this.#stage.findUnexpected(), ...this.#broken];
    const isKilled = this.#stage.scheduler.parties.some(({ state }) => state === 'dead');
    const { logouts } = this.#cast;
    if (this.#swept > this.#offline) broken.push(`sweeps count ${this.#swept} users put offline`);
    if (!isKilled && logouts === 0 && this.#swept < this.#offline)
      broken.push(`sweeps count ${this.#swept} of ${this.#offline} users put offline`);
    return broken;
  }

  #look(): void {
    const fields = this.#stage.model.read(USER)?.fields ?? {};
    const at = fields['last_activity_at']?.timestampValue;
    const activity = Number(at?.seconds ?? 0) * 1000 + Number(at?.nanos ?? 0) / 1_000_000;
    if (activity < this.#activity) this.#broken.push('the last sign of life moved back');
    this.#activity = activity;
    const isOnline = fields['is_online']?.booleanValue === true;
    if (this.#wasOnline && !isOnline) this.#offline += 1;
    this.#wasOnline = isOnline;
  }

  async #expectRefused(): Promise<void> {
    const standing = await ping(this.#visitor('first'), THRESHOLD_MS);
    if (standing !== 'logged_out') this.#broken.push(`a session that logged out is ${standing}`);
  }

  async #status(): Promise<string | undefined> {
    const deps = { store: this.#stage.model.client, redis: this.#redis.client };
    const query = { limit: 10, after: null, thresholdMs: THRESHOLD_MS, now: this.#stage.clock() };
    return (await listStatuses(deps, query)).users[0]?.status;
  }

  async #sweep(): Promise<void> {
    const { counts } = await this.#stage.runTask(cleanStaleSessions, 'sweep', STALE, {
      redis: this.#redis.client,
    });
    this.#swept += counts.acted;
  }

  async #ping(session: Session): Promise<void> {
    if ((await ping(await this.#arrive(session), THRESHOLD_MS)) === 'open') this.#confirmed.add(session);
  }

  /** Each request has an instant of its own. */
  async #arrive(session: Session): Promise<Visitor> {
    await this.#stage.scheduler.stop('arrives', ['ok']);
    this.#stage.now += 1_000;
    return this.#visitor(session);
  }

  #visitor(session: Session): Visitor {
    return {
      ...{ store: this.#stage.model.client, redis: this.#redis.client, now: this.#stage.clock() },
      ...{ user: { userId: 'U', role: 'user' }, session, kind: 'named', perMinute: 60 },
      issuedAt: Math.floor((START - (session === 'third' ? 0 : 60 * MINUTE_MS)) / 1000),
    };
  }

  #startAll(name: string, count: number, work: () => Promise<void>): void {
    for (let each = 1; each <= count; each += 1) this.#stage.scheduler.start(`${name} ${each}`, work);
  }
}

/** Browsers of one user against the sweep of stale users. */
export function presenceProtocol(given: Partial<PresenceCast>): Protocol {
  const cast = { ...NOBODY, ...given };
  const { sweeps, pings, lastPings, logouts, logins } = cast;
  return {
    name: `presence (${sweeps} sweeps, ${pings} pings, ${lastPings} last pings, ${logouts} logout, ${logins} login)`,
    promises: [
      'A logout that was confirmed is final: at once with Redis, within five minutes without it.',
      'A user whose sign of life was confirmed shows as online, and is flagged online within five minutes of pings.',
      'A silent user is offline after the next sweep.',
      'The last sign of life never moves back, and sweeps count what they put offline.',
    ],
    async open(scheduler) {
      const trial = new PresenceTrial(scheduler, cast);
      await trial.open();
      return trial;
    },
  };
}
