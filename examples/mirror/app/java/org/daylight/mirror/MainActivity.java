// SPDX-License-Identifier: Apache-2.0
// The only screen: the user chooses a picture and reads what the app thinks of the face in it.

package org.daylight.mirror;

import android.app.Activity;
import android.content.Intent;
import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import android.net.Uri;
import android.os.Bundle;
import android.view.View;
import android.widget.ImageView;
import android.widget.TextView;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Pictures are decoded and analysed on one background thread; nothing leaves the phone. */
public final class MainActivity extends Activity implements View.OnClickListener {
  private static final int PICK_PICTURE = 1;

  private final ExecutorService background = Executors.newSingleThreadExecutor();
  private FaceAnalyzer analyzer; // Made by, and only used on, the background thread.
  private ImageView portrait;
  private TextView answer;

  @Override
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    setContentView(R.layout.main);
    portrait = (ImageView) findViewById(R.id.portrait);
    answer = (TextView) findViewById(R.id.answer);
    findViewById(R.id.choose).setOnClickListener(this);
  }

  @Override
  public void onClick(View button) {
    Intent pick = new Intent(Intent.ACTION_GET_CONTENT);
    pick.setType("image/*");
    pick.addCategory(Intent.CATEGORY_OPENABLE);
    startActivityForResult(pick, PICK_PICTURE);
  }

  @Override
  protected void onActivityResult(int request, int result, Intent data) {
    super.onActivityResult(request, result, data);
    if (request != PICK_PICTURE || result != RESULT_OK || data == null || data.getData() == null) {
      return;
    }
    final Uri uri = data.getData();
    portrait.setImageBitmap(null);
    answer.setText(R.string.working);
    background.execute(
        new Runnable() {
          @Override
          public void run() {
            look(uri);
          }
        });
  }

  @Override
  protected void onDestroy() {
    background.execute(
        new Runnable() {
          @Override
          public void run() {
            if (analyzer != null) {
              analyzer.close();
            }
          }
        });
    background.shutdown();
    super.onDestroy();
  }

  private void look(Uri uri) {
    Bitmap picture = decode(uri);
    if (picture == null) {
      show(null, getString(R.string.unreadable));
      return;
    }
    try {
      if (analyzer == null) {
        analyzer = new FaceAnalyzer(getAssets());
      }
    } catch (IOException e) {
      show(picture, getString(R.string.no_model));
      return;
    }
    show(picture, describe(analyzer.analyze(picture)));
  }

  private Bitmap decode(Uri uri) {
    BitmapFactory.Options options = new BitmapFactory.Options();
    options.inPreferredConfig = Bitmap.Config.ARGB_8888;
    try {
      InputStream in = getContentResolver().openInputStream(uri);
      try {
        return BitmapFactory.decodeStream(in, null, options);
      } finally {
        in.close();
      }
    } catch (IOException e) {
      return null;
    }
  }

  private String describe(Reading reading) {
    int text = reading.genderIsSure ? R.string.sure : R.string.unsure;
    return getString(text, reading.gender, Math.round(reading.age), reading.ageBand);
  }

  private void show(final Bitmap picture, final String text) {
    runOnUiThread(
        new Runnable() {
          @Override
          public void run() {
            portrait.setImageBitmap(picture);
            answer.setText(text);
          }
        });
  }
}
