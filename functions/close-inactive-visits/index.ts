import { http } from '@google-cloud/functions-framework';
import { processDeps } from '../../shared/task/deps.ts';
import { taskHandler } from '../../shared/task/handler.ts';
import { closeInactiveVisits } from './task.ts';

http(closeInactiveVisits.name, taskHandler(closeInactiveVisits, processDeps()));
