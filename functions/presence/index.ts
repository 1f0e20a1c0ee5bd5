import { serve } from '../serve.ts';
import { presenceHandler } from './api.ts';

serve('presence', presenceHandler);
