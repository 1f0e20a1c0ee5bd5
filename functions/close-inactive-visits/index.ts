import { taskHandler } from '../../shared/task/handler.ts';
import { serve } from '../serve.ts';
import { closeInactiveVisits } from './task.ts';

serve(closeInactiveVisits.name, (open) => taskHandler(closeInactiveVisits, open));
