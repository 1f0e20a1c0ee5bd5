import { taskHandler } from '../../shared/runtime/handler.ts';
import { serve } from '../serve.ts';
import { checkDelayAlerts } from './task.ts';

serve(checkDelayAlerts.name, (open) => taskHandler(checkDelayAlerts, open));
