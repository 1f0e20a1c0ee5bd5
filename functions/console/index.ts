import { http } from '@google-cloud/functions-framework';
import { processDeps } from '../../shared/task/deps.ts';
import { consoleHandler } from './api.ts';

http('console', consoleHandler(processDeps()));
