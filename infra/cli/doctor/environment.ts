import { type Config, ConfigError, loadConfig } from '../../../shared/doors/config.ts';
import { VARIABLES } from '../../deploy/variables.ts';
import { ill, type Result, well } from './result.ts';

type Environment = NodeJS.ProcessEnv;

/** The environment as the functions would read it: every fault a line of its own, no value shown. */
export function examineEnvironment(env: Environment): { config: Config | null; results: Result[] } {
  try {
    const config = loadConfig(env);
    return { config, results: [well('environment', 'every variable is sound')] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const results = error.faults.map((fault) => {
      const [detail = fault, remedy] = fault.split('; ');
      return ill('environment', detail, `${remedy ?? 'correct it'} (.env here, .env.production to deploy)`);
    });
    return { config: null, results };
  }
}

/** Why each secret is needed, where it is. */
const NEEDED: Record<string, (env: Environment) => boolean> = {
  UPSTASH_REDIS_REST_TOKEN: () => true,
  CRON_SECRET: () => true,
  EMAIL_HOST_PASSWORD: (env) => Boolean(env.EMAIL_HOST_USER),
  LINK_KEY: (env) => Boolean(env.EMAIL_HOST),
};

/** Every secret by name: whether it is there, and how long it is; never what it is. */
export function examineSecrets(env: Environment): Result[] {
  return VARIABLES.filter(({ secret }) => secret).flatMap(({ name }) => {
    const value = env[name] ?? '';
    const check = `secret ${name}`;
    if (value !== '') return [well(check, `present, ${value.length} characters`)];
    if (!NEEDED[name]?.(env)) return [];
    return [
      ill(
        check,
        'not set',
        'npm run ronde -- secret generate makes one, except what Upstash or the mail provider gives; on Google Cloud it is kept in Secret Manager',
      ),
    ];
  });
}
