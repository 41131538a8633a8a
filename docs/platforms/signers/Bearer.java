// java Bearer.java KEYFILE: a token to read your own data, good for four minutes
// Java 17 and nothing else. In a service, read the key file with your own JSON library.
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

public class Bearer {
    // PKCS #8 of a bare secret (RFC 8410; RFC 5208 with RFC 5915 inside).
    static final String ED25519 = "302e020100300506032b657004220420", P256 =
        "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
    static final String HEADER = "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"sijill-access+jwt\"}";
    static final String CLAIMS = "{\"iss\":\"%s\",\"aud\":\"%s\",\"iat\":%d,\"exp\":%d}";
    static String file;

    static String member(String name) {
        var member = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]*)\"").matcher(file);
        return member.results().findFirst().orElseThrow().group(1);
    }

    static String b64(byte[] data) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
    }

    public static void main(String[] words) throws Exception {
        file = Files.readString(Path.of(words[0]));
        boolean okp = member("kty").equals("OKP");
        String secret = HexFormat.of().formatHex(Base64.getUrlDecoder().decode(member("d")));
        byte[] encoded = HexFormat.of().parseHex((okp ? ED25519 : P256) + secret);
        var key = KeyFactory.getInstance(okp ? "Ed25519" : "EC")
            .generatePrivate(new PKCS8EncodedKeySpec(encoded));
        // inP1363Format: r and s side by side. Without it, ES256 would come as DER.
        var signer = Signature.getInstance(okp ? "Ed25519" : "SHA256withECDSAinP1363Format");
        signer.initSign(key);
        long now = System.currentTimeMillis() / 1000;
        String header = HEADER.formatted(okp ? "Ed25519" : "ES256", member("kid"));
        String claims = CLAIMS.formatted(member("emitter"), member("registry"), now, now + 240);
        String message = b64(header.getBytes()) + "." + b64(claims.getBytes());
        signer.update(message.getBytes());
        System.out.println(message + "." + b64(signer.sign()));
    }
}
