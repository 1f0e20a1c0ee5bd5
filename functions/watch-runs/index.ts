import { taskHandler } from '../../shared/runtime/handler.ts';
import { serve } from '../serve.ts';
import { watchRuns } from './task.ts';

serve('watch-runs', (open) => taskHandler(watchRuns, open));
