import { taskHandler } from '../../shared/runtime/handler.ts';
import { serve } from '../serve.ts';
import { testPresence } from './task.ts';

serve(testPresence.name, (open) => taskHandler(testPresence, open));
