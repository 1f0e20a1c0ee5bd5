import { http } from '@google-cloud/functions-framework';
import { processDeps } from '../../shared/task/deps.ts';
import { presenceHandler } from './api.ts';

http('presence', presenceHandler(processDeps()));
