import { type Config, ConfigError, loadConfig } from '../../../shared/doors/config.ts';
import { VARIABLES } from '../../deploy/variables.ts';
import { type CheckResult, reportFault, reportSound } from './result.ts';

/** Reads the environment as the functions do. Returns a result per fault, without any value. */
export function examineEnvironment(env: NodeJS.ProcessEnv): {
  config: Config | null;
  results: CheckResult[];
} {
  try {
    const config = loadConfig(env);
    return { config, results: [reportSound('environment', 'every variable is sound')] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const results = error.faults.map((fault) => {
      const [detail = fault, remedy] = fault.split('; ');
      return reportFault(
        'environment',
        detail,
        `${remedy ?? 'correct it'} (.env here, .env.production to deploy)`,
      );
    });
    return { config: null, results };
  }
}

/** Decides by the environment whether a secret is needed. */
const IS_NEEDED: Record<string, (env: NodeJS.ProcessEnv) => boolean> = {
  UPSTASH_REDIS_REST_TOKEN: () => true,
  CRON_SECRET: () => true,
  EMAIL_HOST_PASSWORD: (env) => Boolean(env.EMAIL_HOST_USER),
  LINK_KEY: (env) => Boolean(env.EMAIL_HOST),
};

/** Checks every secret: reports its presence and length, never its value. */
export function examineSecrets(env: NodeJS.ProcessEnv): CheckResult[] {
  return VARIABLES.filter(({ secret }) => secret).flatMap(({ name }) => {
    const value = env[name] ?? '';
    const check = `secret ${name}`;
    if (value !== '') return [reportSound(check, `present, ${value.length} characters`)];
    if (!IS_NEEDED[name]?.(env)) return [];
    return [
      reportFault(
        check,
        'not set',
        'npm run ronde -- secret generate makes one, except those of Upstash and the mail provider; on Google Cloud it belongs in Secret Manager',
      ),
    ];
  });
}
