import { taskHandler } from '../../shared/runtime/handler.ts';
import { serve } from '../serve.ts';
import { cleanStaleSessions } from './task.ts';

serve(cleanStaleSessions.name, (open) => taskHandler(cleanStaleSessions, open));
