import { taskHandler } from '../../shared/runtime/handler.ts';
import { serve } from '../serve.ts';
import { processFollowups } from './task.ts';

serve(processFollowups.name, (open) => taskHandler(processFollowups, open));
