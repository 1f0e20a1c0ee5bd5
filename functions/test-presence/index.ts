import { http } from '@google-cloud/functions-framework';
import { processDeps } from '../../shared/task/deps.ts';
import { taskHandler } from '../../shared/task/handler.ts';
import { testPresence } from './task.ts';

http(testPresence.name, taskHandler(testPresence, processDeps()));
