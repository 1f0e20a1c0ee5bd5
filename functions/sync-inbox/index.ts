import { taskHandler } from '../../shared/runtime/handler.ts';
import { serve } from '../serve.ts';
import { syncInbox } from './task.ts';

serve(syncInbox.name, (open) => taskHandler(syncInbox, open));
