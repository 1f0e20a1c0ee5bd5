import { serve } from '../serve.ts';
import { watchRunsHandler } from './handler.ts';

serve('watch-runs', watchRunsHandler);
