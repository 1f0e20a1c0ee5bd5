import { http } from '@google-cloud/functions-framework';
import { processDeps } from '../../shared/task/deps.ts';
import { taskHandler } from '../../shared/task/handler.ts';
import { cleanStaleSessions } from './task.ts';

http(cleanStaleSessions.name, taskHandler(cleanStaleSessions, processDeps()));
