import { http } from '@google-cloud/functions-framework';
import { processDeps } from '../../shared/task/deps.ts';
import { visitsHandler } from './api.ts';

http('visits', visitsHandler(processDeps()));
