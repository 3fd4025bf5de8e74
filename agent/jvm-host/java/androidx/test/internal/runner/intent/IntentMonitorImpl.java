// SPDX-License-Identifier: Apache-2.0
// What Robolectric wants of androidx.test, which is not published where its other parts are: nothing of it does anything here.
package androidx.test.internal.runner.intent;

import android.content.Intent;
import androidx.test.runner.intent.IntentMonitor;

public final class IntentMonitorImpl implements IntentMonitor {
    public void signalIntent(Intent intent) {}
}
