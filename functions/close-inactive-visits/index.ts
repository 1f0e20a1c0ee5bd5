import { taskHandler } from '../../shared/runtime/handler.ts';
import { serve } from '../serve.ts';
import { closeInactiveVisits } from './task.ts';

serve(closeInactiveVisits.name, (open) => taskHandler(closeInactiveVisits, open));
