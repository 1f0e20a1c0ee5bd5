import { serve } from '../serve.ts';
import { consoleHandler } from './api.ts';

serve('console', consoleHandler);
